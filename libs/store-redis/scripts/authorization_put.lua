-- Stores an authorization code: `MemoryAuthorizationCodeStore` of libs/authorization.
--
-- KEYS  see authorization_consume.lua
-- ARGV[6] the grant  [7] the proof  [8] what the code stands for, encrypted  [9] lifetime, in ms
-- Replies  put

if not stored then
  local ends_at = text(now + ARGV[9])
  redis.call('SET', KEYS[2], ARGV[8], 'PX', ARGV[9])
  redis.call('SET', key, cmsgpack.pack(fence(), ends_at, ARGV[6], ARGV[7], ''), 'PX', ARGV[9])
end
return {'put'}
