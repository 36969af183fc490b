-- Consumes an authorization code: `MemoryAuthorizationCodeStore` of libs/authorization.
--
-- KEYS[1]  the code: its fence, its end in ms, its grant, what it stands for, and the ID of the call that
--          consumed it
-- ARGV[6]  how long a consumed code is remembered, in ms
-- Replies  first <body>    replayed <grant>    unknown

if not stored then
  return {'unknown'}
end
local issued_behind, ends_at, grant, body, consumed_by = cmsgpack.unpack(stored)
-- Under an injected clock, keys expire later than codes: ignore expired codes.
if now >= tonumber(ends_at) then
  return {'unknown'}
end
if consumed_by == call then
  return {'first', body}
end
if consumed_by ~= '' then
  return {'replayed', grant}
end
-- Another primary may have consumed it without telling this one.
if issued_behind ~= fence() then
  redis.call('DEL', key)
  return {'unknown'}
end
ends_at = text(now + ARGV[6])
redis.call('SET', key, cmsgpack.pack(issued_behind, ends_at, grant, body, call), 'PX', ARGV[6])
return {'first', body}
