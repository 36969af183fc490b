-- Stores an authorization code: `MemoryAuthorizationCodeStore` of libs/authorization.
--
-- KEYS[1]  the code: see authorization_consume.lua
-- ARGV[6] the grant  [7] what the code stands for, encrypted  [8] lifetime, in ms
-- Replies  put

if not stored then
  local ends_at = text(now + ARGV[8])
  redis.call('SET', key, cmsgpack.pack(fence(), ends_at, ARGV[6], ARGV[7], ''), 'PX', ARGV[8])
end
return {'put'}
