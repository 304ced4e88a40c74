--[[
  any live state -> settled: done with for every recipient. Counted and paid for once, however often it is told.
  One call for all that ended in a lane and minute, of whatever domains, so that each count grows once.

  KEYS  1 settled    zset   id by when
        2 outcomes   hash   id -> packed progress
        3 totals     hash   '<what>:<lane>' -> count
        4 histogram  hash   field of lanes.sla.period -> count, of the lane and minute
        5 measured   hash   the same, of the lane since the beginning
        6 costs      hash   field of a bill (lanes.store.settling) -> amount
        7 spent      hash   the same, of the day
        8 spenders   zset   sender by what it spent on the day
        then, per domain: 14 keys (include/place.lua)
  ARGV  1 lane   2 seconds to keep the histogram   3 what was spent   4 how many spenders to keep
        then, per domain, a msgpack array: the domain, and its ends, each an array: id, when, result
        (delivered|bounced|expired|gone), kept or missed its deadline ('' if not delivered), two maps: by
        how much which field of the histogram grows, and of the bill; what it cost, and its sender
  Returns the ids that this settled; the others were settled before or never known.
]]
--@include place

local lane, settled, outcomes, totals = ARGV[1], unpack(KEYS, 1, 3)
local histogram, measured, costs, spent, spenders = unpack(KEYS, 4, 8)
local FIRST_KEY, FIRST_ARG = 8, 4
local ended, results, fields, bill, paid = {}, {}, {}, {}, {}

local function count(counts, what, by) counts[what] = (counts[what] or 0) + by end

local function add(key, counts)
  for what, by in pairs(counts) do redis.call('HINCRBY', key, what, by) end
end

local function settle(at, domain, id, when, result, promise, grown, billed, cost, sender)
  if not leave(at, domain, id, LIVE) then return end
  ended[#ended + 1] = id
  redis.call('ZADD', settled, when, id)
  redis.call('HDEL', outcomes, id)
  count(results, result .. ':' .. lane, 1)
  if promise ~= '' then count(results, promise .. ':' .. lane, 1) end
  for field, by in pairs(grown) do count(fields, field, by) end
  for field, by in pairs(billed) do count(bill, field, by) end
  if cost > 0 then count(paid, sender, cost) end
end

for d = 1, #ARGV - FIRST_ARG do
  local at = place(FIRST_KEY + (d - 1) * PLACE)
  local domain, ends = unpack(cmsgpack.unpack(ARGV[FIRST_ARG + d]))
  for _, one in ipairs(ends) do settle(at, domain, unpack(one)) end
  reindex(at, domain)
end
add(totals, results)
for _, key in ipairs({histogram, measured}) do add(key, fields) end
if next(fields) then redis.call('EXPIRE', histogram, ARGV[2]) end
for _, key in ipairs({costs, spent}) do add(key, bill) end
if next(bill) then redis.call('EXPIRE', spent, ARGV[3]) end
for sender, cost in pairs(paid) do redis.call('ZINCRBY', spenders, cost, sender) end
if next(paid) then
  redis.call('ZREMRANGEBYRANK', spenders, 0, -ARGV[4] - 1)
  redis.call('EXPIRE', spenders, ARGV[3])
end
return ended
