--[[
  A lane's place in Redis, and how a message enters and leaves it. Included by every transition.

  KEYS[k+1 .. k+14] of one lane and one domain, in the order of keys.py's place_of():
    1 held       zset  id by deadline         8 sizes      zset  domain by number held
    2 releasing  zset  id by lease end        9 oldest     zset  domain by oldest acceptance
    3 inflight   zset  id by since when      10 owed       zset  domain by number owed of a batch
    4 deferred   zset  id by since when      11 busy       zset  id as in states 2 and 3, one domain
    5 withheld   zset  id by since when      12 deadlines  zset  id by deadline, of states 2 to 4
    6 kept       zset  id by since when      13 records    hash  id -> packed record
    7 batch      zset  id by acceptance,     14 retry      zset  id by next attempt, of state 4
                       one domain
  A domain of '' means that the lane is not batched: 7 to 11 are then left alone. A message's record is
  there before it enters, since it tells the deadline.
]]
local HELD, RELEASING, INFLIGHT, DEFERRED, WITHHELD, KEPT = 1, 2, 3, 4, 5, 6
local BATCH, SIZES, OLDEST, OWED, BUSY = 7, 8, 9, 10, 11
local DEADLINES, RECORDS, RETRY = 12, 13, 14
local PLACE = 14
local OCCUPIES = {[RELEASING] = true, [INFLIGHT] = true}
local WITH_MTA = {[RELEASING] = true, [INFLIGHT] = true, [DEFERRED] = true}
local LIVE = {INFLIGHT, DEFERRED, RELEASING, HELD, WITHHELD, KEPT}

local function place(k)
  local keys = {}
  for i = 1, PLACE do keys[i] = KEYS[k + i] end
  return keys
end

-- Bring the indexes of domains in line with the domain's batch.
local function reindex(at, domain)
  if domain == '' then return end
  local head = redis.call('ZRANGE', at[BATCH], 0, 0, 'WITHSCORES')
  if #head == 0 then
    for _, index in ipairs({SIZES, OLDEST, OWED}) do redis.call('ZREM', at[index], domain) end
  else
    redis.call('ZADD', at[SIZES], redis.call('ZCARD', at[BATCH]), domain)
    redis.call('ZADD', at[OLDEST], head[2], domain)
  end
end

-- The third of lanes.message.Record; nil where there is no such record.
local function deadline_of(at, id)
  local readable, record = pcall(cmsgpack.unpack, redis.call('HGET', at[RECORDS], id))
  return readable and type(record) == 'table' and tonumber(record[3]) or nil
end

-- Into a state other than held. Who knows the deadline saves the look into the record.
local function enter(at, domain, id, state, score, deadline)
  redis.call('ZADD', at[state], score, id)
  if OCCUPIES[state] and domain ~= '' then redis.call('ZADD', at[BUSY], score, id) end
  deadline = WITH_MTA[state] and (deadline or deadline_of(at, id))
  if deadline then redis.call('ZADD', at[DEADLINES], deadline, id) end
end

-- Into held; the caller reindexes.
local function hold(at, domain, id, deadline, accepted)
  redis.call('ZADD', at[HELD], deadline, id)
  if domain ~= '' then redis.call('ZADD', at[BATCH], accepted, id) end
end

-- Out of the first of `states` that has it; whether one had. The caller reindexes.
local function leave(at, domain, id, states)
  for _, state in ipairs(states) do
    if redis.call('ZREM', at[state], id) == 1 then
      if state == HELD and domain ~= '' then redis.call('ZREM', at[BATCH], id) end
      if OCCUPIES[state] and domain ~= '' then redis.call('ZREM', at[BUSY], id) end
      if WITH_MTA[state] then redis.call('ZREM', at[DEADLINES], id) end
      if state == DEFERRED then redis.call('ZREM', at[RETRY], id) end
      return true
    end
  end
  return false
end
