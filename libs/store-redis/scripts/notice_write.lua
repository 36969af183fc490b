-- Adds a notice, due at once, unless one of that ID waits.
--
-- ARGV[2] ID  [3] sealed notice
-- Replies  written

if redis.call('HSETNX', notices, ARGV[2], cmsgpack.pack(now, 0, ARGV[3])) == 1 then
  redis.call('ZADD', due, text(now), ARGV[2])
end
is_late_from_now()
keep()
return {'written'}
