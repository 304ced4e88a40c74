--[[
  A message changes lanes, and stays in the state in which it is.

  KEYS  1-14  the lane and domain it is in (include/place.lua)
        15-28 the lane and domain it goes to
  ARGV  1 id   2 domain where it is   3 domain where it goes ('' if not batched)
        4 its deadline there   5 its acceptance   6 its record there, packed
  Returns the number of its state, or 0 if it is not live in the first lane.
]]
--@include place

local from, to, id = place(0), place(PLACE), ARGV[1]

for state = HELD, KEPT do
  local score = redis.call('ZSCORE', from[state], id)
  if score then
    leave(from, ARGV[2], id, {state})
    redis.call('HSET', to[RECORDS], id, ARGV[6])
    if state == HELD then
      hold(to, ARGV[3], id, ARGV[4], ARGV[5])
    else
      enter(to, ARGV[3], id, state, score)
    end
    reindex(from, ARGV[2])
    reindex(to, ARGV[3])
    return state
  end
end
return 0
