--[[
  held (by hand also kept) -> releasing: take messages for a release, under a lease.

  KEYS  1-14 the lane and domain (include/place.lua)
  ARGV  1 end of the lease   2 how many at most   3 domain ('' : fill from the lane by deadline)
        4 fill from the domain or lane (1), or only the named ids, also those that are kept (0)
        5 how many more of the domain's batch are owed after this; said only where 4 is 1
        6.. ids to take first
  Returns the ids taken, in order. An id that is not held is passed over.
]]
--@include place

local at = place(0)
local lease, most, domain = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local by_hand, taken = ARGV[4] == '0', {}

local function take(id)
  local deadline = redis.call('ZSCORE', at[HELD], id)
  if #taken < most and leave(at, domain, id, by_hand and {HELD, KEPT} or {HELD}) then
    enter(at, domain, id, RELEASING, lease, deadline)
    taken[#taken + 1] = id
    return true
  end
  return false
end

for i = 6, #ARGV do take(ARGV[i]) end
if not by_hand and #taken < most then
  local source = domain ~= '' and at[BATCH] or at[HELD]
  for _, id in ipairs(redis.call('ZRANGE', source, 0, most - #taken - 1)) do
    if not take(id) then redis.call('ZREM', source, id) end -- not held: it would stand in front of all others for ever
  end
end
if domain ~= '' and not by_hand then
  redis.call('ZADD', at[OWED], ARGV[5], domain)
  if ARGV[5] == '0' then redis.call('ZREM', at[OWED], domain) end
end
reindex(at, domain)
return taken
