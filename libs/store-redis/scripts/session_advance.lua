-- Replaces a session whose version is still the expected one. Its lifetime goes on.
--
-- ARGV[3] expected version  [4] body
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
return {'advanced'}
