#!lua
-- The notices of one application that wait to be delivered: opens every script on them. `MemoryOutbox` of
-- libs/notices, operation for operation.
--
-- KEYS[1]  a hash: {written at, attempts, sealed notice} by notice ID; `late_since`: from when on no delivery
--          has succeeded; `late_until`: until when that counts although nothing waits; `suspended_until`:
--          until when codes are issued nevertheless
-- KEYS[2]  a sorted set: the IDs by the time from which on each may be taken
-- ARGV[1]  the injected time in ms, or empty for the server's clock
-- Replies begin with a word.

local KEPT = 262800000

local notices, due = KEYS[1], KEYS[2]

local function text(number)
  return string.format('%.0f', number)
end

local now
if ARGV[1] == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[1])
end

local function keep()
  redis.call('PEXPIRE', notices, KEPT)
  redis.call('PEXPIRE', due, KEPT)
end

-- While nothing waits, nothing shows whether the receiver works again: a lag of dead letters ends.
local late_until = redis.call('HGET', notices, 'late_until')
if late_until and now >= tonumber(late_until) and redis.call('ZCARD', due) == 0 then
  redis.call('HDEL', notices, 'late_since', 'late_until')
end

local function is_late_from_now()
  redis.call('HSETNX', notices, 'late_since', text(now))
end
