--[[
  Register an accepted message: pass it, hold it, or ask the sender to come back.

  Candidates are the lanes it may go to, best first. A lane hands on to the next one when it is full
  and its overflow is `demote`, or when the sender is over its quota there; the last one hands on to
  nobody, and then lets the message pass.

  KEYS  1 records   hash   id -> packed record
        2 recent    list   last admitted ids
        3 totals    hash   '<what>:<lane>' -> count
        4 paused    set    'lane:<lane>', 'domain:<domain>'
        5 window    hash   size: how much may be in flight, as the manager keeps it
        6 place     hash   read: when the tracker last read a line of the log
        7 ..        inflight and releasing zset of each lane (2 * lanes): what fills the window
        then, per candidate: 14 keys (include/place.lua), and the sender's quota there:
                    string  when the sender is back at a full quota (see `within`)
  ARGV  1 id   2 now   3 window, if none is kept   4 how many recent ids to keep   5 lanes
        6 inflight mail that started before this no longer fills the window
        7 the same if the tracker has not read a line since   8 this
        then 3 per candidate:
          terms   a msgpack map: lane, hold (never|congested|always), max_size (0: no limit), overflow
                  (demote|defer|pass), deadline, domain ('' if not batched), interval and burst of the
                  quota (0: none), pauses: the members of `paused` by which it is held
          record  packed, if it comes here first, or because the lane above is full
          record  packed, if it comes here because of the quota in the lane above
  Returns {verdict, candidate, why}: verdict pass|hold|defer|known, candidate from 1, why it is not the
  first: ''|full|quota. A message that is known already keeps its state.
]]
--@include place

local id, now, lanes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[5])
local records, recent, totals, paused = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local CANDIDATES, FIRST = (#ARGV - 8) / 3, 6 + 2 * lanes

if redis.call('HEXISTS', records, id) == 1 then return {'known', 1, ''} end

local function congested(at)
  if redis.call('ZCARD', at[HELD]) > 0 then return true end
  local read = tonumber(redis.call('HGET', KEYS[6], 'read') or 0) or 0
  local busy, since = 0, read < tonumber(ARGV[8]) and ARGV[7] or ARGV[6]
  for lane = 0, lanes - 1 do
    busy = busy + redis.call('ZCOUNT', KEYS[7 + 2 * lane], since, '+inf')
    busy = busy + redis.call('ZCARD', KEYS[8 + 2 * lane])
  end
  return busy >= (tonumber(redis.call('HGET', KEYS[5], 'size') or ARGV[3]) or tonumber(ARGV[3]))
end

local function stopped(pauses)
  for _, pause in ipairs(pauses) do
    if redis.call('SISMEMBER', paused, pause) == 1 then return true end
  end
  return false
end

local function full(at, max_size)
  local depth = 0
  for state = HELD, KEPT do depth = depth + redis.call('ZCARD', at[state]) end
  return max_size > 0 and depth >= max_size
end

-- A token bucket as one number, the instant at which it is full again (the generic cell rate
-- algorithm, ITU-T I.371): a token comes back every `interval` seconds, there are `burst` of them.
local function within(key, interval, burst)
  if interval == 0 then return true end
  local again = math.max(tonumber(redis.call('GET', key) or now) or now, now)
  if again - now > interval * (burst + 1) then again = now end -- it was said by a clock that was set back since
  if again - now > interval * (burst - 1) then return false end
  again = again + interval
  redis.call('SET', key, string.format('%.6f', again), 'PX', math.ceil((again - now) * 1000))
  return true
end

local function register(at, to, record, hold_it)
  redis.call('HSET', records, id, record)
  redis.call('LPUSH', recent, id)
  redis.call('LTRIM', recent, 0, tonumber(ARGV[4]) - 1)
  redis.call('HINCRBY', totals, 'accepted:' .. to.lane, 1)
  if hold_it then
    hold(at, to.domain, id, to.deadline, now)
    reindex(at, to.domain)
  else
    enter(at, to.domain, id, INFLIGHT, now, to.deadline)
  end
end

local why = ''
for c = 1, CANDIDATES do
  local key, arg = FIRST + (PLACE + 1) * (c - 1), 8 + 3 * (c - 1)
  local at, quota, to = place(key), KEYS[key + PLACE + 1], cmsgpack.unpack(ARGV[arg + 1])
  local is_full, last = full(at, to.max_size), c == CANDIDATES
  if is_full and to.overflow == 'defer' then
    redis.call('HINCRBY', totals, 'refused:' .. to.lane, 1)
    return {'defer', c, why}
  elseif is_full and to.overflow == 'demote' and not last then
    why = 'full'
  elseif not last and not within(quota, to.interval, to.burst) then
    why = 'quota'
  else
    local hold_it = not is_full and (to.hold == 'always' or (to.hold == 'congested' and congested(at)))
    hold_it = hold_it or stopped(to.pauses)
    register(at, to, ARGV[arg + (why == 'quota' and 3 or 2)], hold_it)
    return {hold_it and 'hold' or 'pass', c, why}
  end
end
