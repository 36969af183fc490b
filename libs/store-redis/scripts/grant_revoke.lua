#!lua
-- Revokes a grant: `MemoryGrantStore` of libs/codes.
--
-- KEYS[1]  the grant's revocation, a string: under an injected time when it is forgotten, else empty
-- ARGV[1]  how long it is kept, in ms
-- ARGV[2]  the injected time in ms, or empty for the server's clock
-- Replies  revoked

local now = tonumber(ARGV[2])
redis.call('SET', KEYS[1], now and string.format('%.0f', now + ARGV[1]) or '', 'PX', ARGV[1])
return {'revoked'}
