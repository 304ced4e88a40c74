--[[
  A message lives on under a new id: its record moves with it, and the MTA has it for delivery.

  KEYS  1-14 the lane and domain (include/place.lua)
       15 outcomes   hash   id -> packed progress
  ARGV  1 old id   2 new id   3 now   4 domain
  Returns 1 if it moved, 0 if the old id was not live or the new one is known already.
]]
--@include place

local at, old, new, domain = place(0), ARGV[1], ARGV[2], ARGV[4]
if redis.call('HEXISTS', at[RECORDS], new) == 1 or not leave(at, domain, old, LIVE) then return 0 end
reindex(at, domain)

for _, hash in ipairs({at[RECORDS], KEYS[PLACE + 1]}) do
  local value = redis.call('HGET', hash, old)
  if value then
    redis.call('HDEL', hash, old)
    redis.call('HSET', hash, new, value)
  end
end
enter(at, domain, new, INFLIGHT, ARGV[3])
return 1
