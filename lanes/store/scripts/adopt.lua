--[[
  unknown, or settled in error -> a live state: take in messages that the MTA has and Redis has not.

  KEYS  1-14 the lane and domain (include/place.lua)
       15 settled  zset   id by when
       16 totals   hash   '<what>:<lane>' -> count
  ARGV  1 the state's number   2 domain ('' if not batched)   3 lane
        then 4 per message: id, score in the state, acceptance, packed record
  Returns how many were taken in. What is live, in whatever lane and state, stays as it is.
]]
--@include place

local at, state, domain, adopted = place(0), tonumber(ARGV[1]), ARGV[2], 0
local settled, totals = unpack(KEYS, PLACE + 1)

for i = 4, #ARGV, 4 do
  local id, score, accepted, record = unpack(ARGV, i, i + 3)
  local unknown, ended = redis.call('HEXISTS', at[RECORDS], id) == 0, redis.call('ZREM', settled, id) == 1
  if unknown or ended then
    redis.call('HSET', at[RECORDS], id, record)
    if state == HELD then
      hold(at, domain, id, score, accepted)
    else
      enter(at, domain, id, state, score)
    end
    adopted = adopted + 1
  end
end
reindex(at, domain)
if adopted > 0 then redis.call('HINCRBY', totals, 'accepted:' .. ARGV[3], adopted) end
return adopted
