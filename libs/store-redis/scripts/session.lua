#!lua
-- A waiting journey: opens every script on sessions.
--
-- KEYS[1]  the session, a hash of version, body, ends_at, and by: the call that wrote it last
-- ARGV[1]  the time to live by, in ms, or empty for this server's own
-- ARGV[2]  this call, which a client may send more than once: it answers the same each time
-- Replies begin with a word.

local key, call = KEYS[1], ARGV[2]

local now
if ARGV[1] == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[1])
end

local function session()
  local fields = redis.call('HMGET', key, 'version', 'body', 'ends_at', 'by')
  if fields[1] and now < tonumber(fields[3]) then
    return {version = fields[1], body = fields[2], by = fields[4]}
  end
end
