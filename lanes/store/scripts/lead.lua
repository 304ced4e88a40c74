--[[
  Begin or go on to lead.

  KEYS  1 who leads (hash, expires)   2 the highest term so far
  ARGV  1 name of the MTA   2 our term (0: none)   3 milliseconds after which a silent leader is none
  Returns our term if we lead, else 0.

  A term is an instant by the server's clock, in microseconds, and higher than all before. So terms do not
  repeat when a replica that had not yet heard of the last one becomes the master, nor when Redis forgets,
  unless the new server's clock is behind by more than that took.
]]
local term = redis.call('HGET', KEYS[1], 'term')

if not term then
  local now = redis.call('TIME')
  local least = (tonumber(redis.call('GET', KEYS[2])) or 0) + 1
  term = string.format('%.0f', math.max(least, now[1] * 1000000 + now[2]))
  redis.call('SET', KEYS[2], term)
  redis.call('HSET', KEYS[1], 'mta', ARGV[1], 'term', term)
elseif term ~= ARGV[2] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return tonumber(term)
