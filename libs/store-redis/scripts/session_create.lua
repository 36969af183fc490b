-- Creates a session with a lifetime.
--
-- ARGV[3] body  [4] lifetime, in ms
-- Replies  created    taken

local found = session()
if found then
  return {found.by == call and 'created' or 'taken'}
end
local ends_at = string.format('%.0f', now + ARGV[4])
redis.call('HSET', key, 'version', '1', 'body', ARGV[3], 'ends_at', ends_at, 'by', call)
redis.call('PEXPIRE', key, ARGV[4])
return {'created'}
