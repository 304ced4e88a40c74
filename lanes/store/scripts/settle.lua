--[[
  any live state -> settled: done with for every recipient. Counted once, however often it is told.
  One call for all that ended in a lane and minute, of whatever domains, so that each count grows once.

  KEYS  1 settled    zset   id by when
        2 outcomes   hash   id -> packed progress
        3 totals     hash   '<what>:<lane>' -> count
        4 histogram  hash   field of lanes.sla.period -> count, of the lane and minute
        5 measured   hash   the same, of the lane since the beginning
        then, per domain: 14 keys (include/place.lua)
  ARGV  1 lane   2 seconds to keep the histogram
        then, per domain, a msgpack array: the domain, and its ends, each an array: id, when, result
        (delivered|bounced|expired|gone), kept or missed its deadline ('' if not delivered), and a map: by
        how much which field of the histogram grows
  Returns the ids that this settled; the others were settled before or never known.
]]
--@include place

local lane, settled, outcomes, totals, histogram, measured = ARGV[1], unpack(KEYS, 1, 5)
local FIRST_KEY, FIRST_ARG = 5, 2
local ended, results, fields = {}, {}, {}

local function count(counts, what, by) counts[what] = (counts[what] or 0) + by end

local function add(key, counts)
  for what, by in pairs(counts) do redis.call('HINCRBY', key, what, by) end
end

local function settle(at, domain, id, when, result, promise, grown)
  if not leave(at, domain, id, LIVE) then return end
  ended[#ended + 1] = id
  redis.call('ZADD', settled, when, id)
  redis.call('HDEL', outcomes, id)
  count(results, result .. ':' .. lane, 1)
  if promise ~= '' then count(results, promise .. ':' .. lane, 1) end
  for field, by in pairs(grown) do count(fields, field, by) end
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
return ended
