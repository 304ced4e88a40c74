--[[
  any live state -> settled: done with for every recipient. Counted once, however often it is told.

  KEYS  1-14 the lane and domain (include/place.lua)
       15 settled    zset   id by when
       16 outcomes   hash   id -> packed progress
       17 totals     hash   '<what>:<lane>' -> count
       18 histogram  hash   bucket -> deliveries, of the lane and minute
  ARGV  1 id   2 now   3 domain   4 lane   5 result (delivered|bounced|expired|gone)
        6 bucket of the queue time ('' if not delivered)   7 kept (1) or missed (0) the deadline
        8 seconds to keep the histogram
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
  redis.call('HINCRBY', histogram, ARGV[6], 1)
  redis.call('EXPIRE', histogram, ARGV[8])
  redis.call('HINCRBY', totals, (ARGV[7] == '1' and 'kept:' or 'missed:') .. lane, 1)
end
return 1
