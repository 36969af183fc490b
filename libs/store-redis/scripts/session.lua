#!lua
-- The prelude of every script on a waiting journey.
--
-- KEYS[1]  the session, a hash of version, body, ends_at, and by: the ID of the call that wrote it last
-- ARGV[1]  the injected time in ms, or empty for the server's clock
-- ARGV[2]  the call's ID. A client may send a call several times; it gets the same reply each time
-- Replies start with a word.

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
