--[[
  start, defer, withhold: from one of some states to another, as life.py's table has it.

  KEYS  1-14 the lane and domain (include/place.lua)
  ARGV  1 score in the new state (since when)   2 domain ('' if not batched)
        3 the new state's number   4 the numbers of the states it may come from, e.g. '124'
        5.. ids
  Returns how many moved.
]]
--@include place

local at, domain, moved, from = place(0), ARGV[2], 0, {}
for number in ARGV[4]:gmatch('%d') do from[#from + 1] = tonumber(number) end

for i = 5, #ARGV do
  local deadline = redis.call('ZSCORE', at[DEADLINES], ARGV[i])
  if leave(at, domain, ARGV[i], from) then
    enter(at, domain, ARGV[i], tonumber(ARGV[3]), ARGV[1], deadline)
    moved = moved + 1
  end
end
reindex(at, domain)
return moved
