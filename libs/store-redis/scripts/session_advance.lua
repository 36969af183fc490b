-- Replaces a session whose version is still the expected one. Its lifetime goes on.
--
-- ARGV[2] expected version  [3] body
-- Replies  advanced    outrun    gone

local found = session()
if not found then
  return {'gone'}
end
if found.version ~= ARGV[2] then
  return {'outrun'}
end
redis.call('HSET', key, 'version', string.format('%.0f', ARGV[2] + 1), 'body', ARGV[3])
return {'advanced'}
