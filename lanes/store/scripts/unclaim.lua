--[[
  releasing -> held: give back a claim that ran out, or that could not be carried out. Its batch has begun to leave, so
  it is owed: by itself it is no batch any more, and would wait for a new one.

  KEYS  1-14 the lane and domain (include/place.lua)
  ARGV  1 domain ('' if not batched)   2 only claims whose lease ends at or before this
        then 3 per message: id, deadline, acceptance
  Returns how many were given back.
]]
--@include place

local at, domain, before, moved = place(0), ARGV[1], tonumber(ARGV[2]), 0

for i = 3, #ARGV, 3 do
  local lease = redis.call('ZSCORE', at[RELEASING], ARGV[i])
  if lease and tonumber(lease) <= before then
    leave(at, domain, ARGV[i], {RELEASING})
    hold(at, domain, ARGV[i], ARGV[i + 1], ARGV[i + 2])
    moved = moved + 1
  end
end
if domain ~= '' and moved > 0 then redis.call('ZINCRBY', at[OWED], moved, domain) end
reindex(at, domain)
return moved
