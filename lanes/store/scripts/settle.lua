--[[
  any live state -> settled: done with for every recipient. Counted once, however often it is told.

  KEYS  1-14 the lane and domain (include/place.lua)
       15 settled    zset   id by when
       16 outcomes   hash   id -> packed progress
       17 totals     hash   '<what>:<lane>' -> count
       18 histogram  hash   field of lanes.sla.period -> count, of the lane and minute
  ARGV  1 domain   2 lane   3 seconds to keep the histogram
        4.. ends, each a msgpack array: id, when, result (delivered|bounced|expired|gone), kept or missed
            its deadline ('' if not delivered), and a map: by how much which field of the histogram grows
  Returns the ids that this settled; the others were settled before or never known.
]]
--@include place

local at, domain, lane = place(0), ARGV[1], ARGV[2]
local settled, outcomes, totals, histogram = unpack(KEYS, PLACE + 1)
local ended, counted, measured = {}, {}, {}

local function count(counts, what, by) counts[what] = (counts[what] or 0) + by end

local function add(key, counts)
  for what, by in pairs(counts) do redis.call('HINCRBY', key, what, by) end
end

for i = 4, #ARGV do
  local id, when, result, promise, fields = unpack(cmsgpack.unpack(ARGV[i]))
  if leave(at, domain, id, LIVE) then
    ended[#ended + 1] = id
    redis.call('ZADD', settled, when, id)
    redis.call('HDEL', outcomes, id)
    count(counted, result .. ':' .. lane, 1)
    if promise ~= '' then count(counted, promise .. ':' .. lane, 1) end
    for field, by in pairs(fields) do count(measured, field, by) end
  end
end
reindex(at, domain)
add(totals, counted)
add(histogram, measured)
if next(measured) then redis.call('EXPIRE', histogram, ARGV[3]) end
return ended
