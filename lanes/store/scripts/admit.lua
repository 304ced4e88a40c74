--[[
  Register an accepted message: pass it, hold it, or ask the sender to come back.

  Candidates are the lanes it may go to, best first: a full lane with overflow `demote` hands on to
  the next candidate. A full last candidate with `demote` lets the message pass.

  KEYS  1 records   hash   id -> packed record
        2 recent    list   last admitted ids
        3 totals    hash   '<what>:<lane>' -> count
        4 ..        inflight and releasing zset of each lane (2 * lanes): what fills the window
        then        10 keys per candidate (include/place.lua)
  ARGV  1 id   2 now   3 window   4 how many recent ids to keep   5 lanes   6 candidates
        7     inflight mail that started before this no longer fills the window
        then 7 per candidate: lane, hold (never|congested|always), max_size (0: no limit),
        overflow (demote|defer|pass), deadline, domain ('' if not batched), packed record
  Returns {verdict, candidate}: verdict pass|hold|defer, candidate from 1.
  A message that is known already keeps its state; the verdict is then 'known'.
]]
--@include place

local id, now, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lanes, candidates = tonumber(ARGV[5]), tonumber(ARGV[6])

if redis.call('HEXISTS', KEYS[1], id) == 1 then return {'known', 1} end

local function congested(at)
  if redis.call('ZCARD', at[HELD]) > 0 then return true end
  local busy = 0
  for lane = 0, lanes - 1 do
    busy = busy + redis.call('ZCOUNT', KEYS[4 + 2 * lane], ARGV[7], '+inf')
    busy = busy + redis.call('ZCARD', KEYS[5 + 2 * lane])
  end
  return busy >= window
end

local function depth(at)
  local sum = 0
  for state = HELD, WITHHELD do sum = sum + redis.call('ZCARD', at[state]) end
  return sum
end

local function register(at, arg, hold_it)
  redis.call('HSET', KEYS[1], id, ARGV[arg + 7])
  redis.call('LPUSH', KEYS[2], id)
  redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[4]) - 1)
  redis.call('HINCRBY', KEYS[3], 'accepted:' .. ARGV[arg + 1], 1)
  local domain = ARGV[arg + 6]
  if hold_it then
    hold(at, domain, id, ARGV[arg + 5], now)
    reindex(at, domain)
  else
    enter(at, domain, id, INFLIGHT, now)
  end
end

for c = 1, candidates do
  local at = place(3 + 2 * lanes + PLACE * (c - 1))
  local arg = 7 + 7 * (c - 1)
  local policy, max_size, overflow = ARGV[arg + 2], tonumber(ARGV[arg + 3]), ARGV[arg + 4]
  local full = max_size > 0 and depth(at) >= max_size
  if full and overflow == 'defer' then
    redis.call('HINCRBY', KEYS[3], 'refused:' .. ARGV[arg + 1], 1)
    return {'defer', c}
  end
  if not full or overflow == 'pass' or c == candidates then
    local hold_it = policy == 'always' or (policy == 'congested' and congested(at))
    if full then hold_it = false end
    register(at, arg, hold_it)
    return {hold_it and 'hold' or 'pass', c}
  end
end
