--[[
  What is known of some domains of a lane, in one call: a command each for hundreds of them costs more.

  KEYS  1 sizes   zset  domain by number held
        2 oldest  zset  domain by oldest acceptance
        3 owed    zset  domain by number owed of a batch
        4 known   hash  domain -> packed lanes.schedule.known.Known
        5.. busy  zset  id, one per domain: what is releasing and in flight
  ARGV  1 what is in flight since before this counts no more   2.. domains, as many as busy sets
  Returns {held, oldest, owed, known, busy}, each a list as long as the domains.
]]
local domains, busy = {unpack(ARGV, 2)}, {}
for i = 1, #domains do busy[i] = redis.call('ZCOUNT', KEYS[4 + i], ARGV[1], '+inf') end
return {
  redis.call('ZMSCORE', KEYS[1], unpack(domains)),
  redis.call('ZMSCORE', KEYS[2], unpack(domains)),
  redis.call('ZMSCORE', KEYS[3], unpack(domains)),
  redis.call('HMGET', KEYS[4], unpack(domains)),
  busy,
}
