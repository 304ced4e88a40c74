--[[
  any live state -> settled: done with for every recipient. Counted once, however often it is told.

  KEYS  1-14 the lane and domain (include/place.lua)
       15 settled    zset   id by when
       16 outcomes   hash   id -> packed progress
       17 totals     hash   '<what>:<lane>' -> count
       18 histogram  hash   field of lanes.sla.period -> count, of the lane and minute
  ARGV  1 id   2 now   3 domain   4 lane   5 result (delivered|bounced|expired|gone)
        6 kept or missed its deadline ('' if not delivered)   7 seconds to keep the histogram
        then 2 per field of the histogram: its name, by how much it grows
  Returns 1 if this settled it, 0 if it was settled before or never known.
]]
--@include place

local at, id, domain, lane, result = place(0), ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local settled, outcomes, totals, histogram = unpack(KEYS, PLACE + 1)

if not leave(at, domain, id, LIVE) then return 0 end
reindex(at, domain)
redis.call('ZADD', settled, ARGV[2], id)
redis.call('HDEL', outcomes, id)
redis.call('HINCRBY', totals, result .. ':' .. lane, 1)
if ARGV[6] ~= '' then
  redis.call('HINCRBY', totals, ARGV[6] .. ':' .. lane, 1)
  for i = 8, #ARGV, 2 do redis.call('HINCRBY', histogram, ARGV[i], ARGV[i + 1]) end
  redis.call('EXPIRE', histogram, ARGV[7])
end
return 1
