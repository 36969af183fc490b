#!lua
-- The prelude of every script on codes, pairings and desks.
--
-- KEYS[1]  the key of the script
-- ARGV[1]  the caller's time, in ms
-- ARGV[2]  the injected time in ms, or empty for the server's clock
-- ARGV[3]  a suffix for the fence: empty except in tests
-- ARGV[4]  the call's ID. A client may send a call several times; it gets the same reply each time
-- ARGV[5]  `confirmed` if the caller waits for replicas or a disk before it returns the outcome; else empty
-- Replies start with a word. `skewed` and a difference in ms: the caller's clock differs too much.

local MAX_SKEW = 5000

local key, call = KEYS[1], ARGV[4]
local stored = redis.call('GET', key)

-- A write that changes nothing. Every path needs a write to wait for, also the denial of an unknown user:
-- a stopped replica would otherwise confirm the calls that write nothing.
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
