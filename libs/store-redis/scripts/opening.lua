#!lua
-- Opens every script on the keys of one user.
--
-- KEYS[1]  the key that the script is about
-- ARGV[1]  the caller's time, in ms
-- ARGV[2]  the time to live by, in ms, or empty for this server's own
-- ARGV[3]  what to add to the fence: empty but in tests
-- ARGV[4]  this call, which a client may send more than once: it answers the same each time
-- ARGV[5]  `confirmed` if the caller waits for replicas or a disk before it returns the outcome; or empty
-- Replies begin with a word. `skewed` and the difference in ms: the caller's clock is off.

local MAX_SKEW = 5000

local key, call = KEYS[1], ARGV[4]
local stored = redis.call('GET', key)

-- A write that changes nothing, so that there is one to wait for: every path has one, a denial of an
-- unknown user too. Else a replica that has stopped would confirm those that write nothing.
if ARGV[5] == 'confirmed' then
  if stored then
    redis.call('SET', key, stored, 'KEEPTTL')
  else
    redis.call('SET', key, '')
    redis.call('DEL', key)
  end
end

local function text(number)
  return string.format('%.0f', number)
end

local now
if ARGV[2] == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[2])
end
if math.abs(now - ARGV[1]) > MAX_SKEW then
  return {'skewed', text(math.abs(now - ARGV[1]))}
end
