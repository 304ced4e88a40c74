--[[
  Forget settled messages: the oldest beyond a number, and those settled before an instant.

  KEYS  1 settled  zset  id by when
        2 records  hash  id -> packed record
  ARGV  1 settled before this   2 how many to remember at most   3 how many to forget in one go
  Returns how many were forgotten.
]]
local old = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
local many = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[2])
local count = math.min(math.max(old, many), tonumber(ARGV[3]))
if count <= 0 then return 0 end

local ids = redis.call('ZRANGE', KEYS[1], 0, count - 1)
redis.call('HDEL', KEYS[2], unpack(ids))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, count - 1)
return count
