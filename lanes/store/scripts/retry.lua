--[[
  When deferred messages of a lane are tried again. What is not deferred any more is left alone.

  KEYS  1 deferred  zset  id by since when
        2 retry     zset  id by next attempt
  ARGV  2 per message: id, when ('' : that is left to the MTA)
]]
for i = 1, #ARGV, 2 do
  local id, when = ARGV[i], ARGV[i + 1]
  if when == '' then
    redis.call('ZREM', KEYS[2], id)
  elseif redis.call('ZSCORE', KEYS[1], id) then
    redis.call('ZADD', KEYS[2], when, id)
  end
end
