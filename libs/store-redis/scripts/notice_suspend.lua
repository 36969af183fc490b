-- Lets codes be issued for a while, however late notices are.
--
-- ARGV[2] for how long, in ms
-- Replies  suspended

redis.call('HSET', notices, 'suspended_until', text(now + ARGV[2]))
keep()
return {'suspended'}
