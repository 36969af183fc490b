-- Puts a session there, for a lifetime and no longer.
--
-- ARGV[2] body  [3] lifetime, in ms
-- Replies  created    taken

if session() then
  return {'taken'}
end
local ends_at = string.format('%.0f', now + ARGV[3])
redis.call('HSET', key, 'version', '1', 'body', ARGV[2], 'ends_at', ends_at)
redis.call('PEXPIRE', key, ARGV[3])
return {'created'}
