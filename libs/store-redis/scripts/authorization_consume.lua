-- Consumes an authorization code: `MemoryAuthorizationCodeStore` of libs/authorization.
--
-- KEYS[1]  the code: its fence, its end in ms, its grant, its proof, and the ID of the call that consumed it
-- KEYS[2]  what it stands for. It is left to expire, so that a call that is sent again gets it too
-- ARGV[6]  how long a consumed code is remembered, in ms
-- Replies  first <body>    replayed <grant> <proof>    unknown

if not stored then
  return {'unknown'}
end
local issued_behind, ends_at, grant, proof, consumed_by = cmsgpack.unpack(stored)
-- Under an injected clock, keys expire later than codes: ignore expired codes.
if now >= tonumber(ends_at) then
  return {'unknown'}
end
if consumed_by ~= '' and consumed_by ~= call then
  return {'replayed', grant, proof}
end
local body = redis.call('GET', KEYS[2])
-- Another primary may have consumed it without telling this one.
if not body or issued_behind ~= fence() then
  return {'unknown'}
end
ends_at = text(now + ARGV[6])
redis.call('SET', key, cmsgpack.pack(issued_behind, ends_at, grant, proof, call), 'PX', ARGV[6])
return {'first', body}
