-- Replaces a session if its version is the expected one. Its lifetime continues, or is set anew.
--
-- ARGV[3] expected version  [4] body  [5] new lifetime, in ms, or empty
-- Replies  advanced    outrun    gone

local found = session()
if not found then
  return {'gone'}
end
if found.by == call then
  return {'advanced'}
end
if found.version ~= ARGV[3] then
  return {'outrun'}
end
local version = string.format('%.0f', ARGV[3] + 1)
redis.call('HSET', key, 'version', version, 'body', ARGV[4], 'by', call)
if ARGV[5] ~= '' then
  redis.call('HSET', key, 'ends_at', string.format('%.0f', now + ARGV[5]))
  redis.call('PEXPIRE', key, ARGV[5])
end
return {'advanced'}
