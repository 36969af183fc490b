#!lua
-- The smallest correct single-use check: no fence, no counters, no outcome for retries.
--
-- KEYS[1]  a record that begins with the digest of its code
-- ARGV[1]  the digest of the guess  [2] the record of a used code  [3] its lifetime, in ms
-- Replies  1 if the code was right, else 0

local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, 1, #ARGV[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0
