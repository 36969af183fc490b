#!lua flags=no-writes
-- Whether a grant is revoked. A service that may only read its key runs this.
--
-- KEYS[1]  the grant's revocation, as grant_revoke.lua says
-- ARGV[1]  the injected time in ms, or empty for the server's clock
-- Replies  revoked    unknown

local revoked = redis.call('GET', KEYS[1])
local now = tonumber(ARGV[1])
-- Under an injected clock, keys expire later than their values: an expired value is ignored.
if not revoked or now and now >= tonumber(revoked) then
  return {'unknown'}
end
return {'revoked'}
