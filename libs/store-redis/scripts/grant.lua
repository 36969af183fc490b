#!lua flags=no-writes
-- Whether a grant is revoked. A service that may only read its key runs this.
--
-- KEYS[1]  the grant's revocation, as grant_revoke.lua says
-- ARGV[1]  the time to live by, in ms, or empty for this server's own
-- Replies  revoked    unknown

local revoked = redis.call('GET', KEYS[1])
local now = tonumber(ARGV[1])
-- Under an injected clock an end comes without its expiry: the dead are not seen.
if not revoked or now and now >= tonumber(revoked) then
  return {'unknown'}
end
return {'revoked'}
