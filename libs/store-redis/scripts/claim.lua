#!lua
-- Claims an idempotency key: `MemoryClaimStore` of libs/codes.
--
-- KEYS[1]  the claim, a string: the request's fingerprint in 16 bytes, `held` or `idle`, and, under an
--          injected clock, its expiry
-- ARGV[1]  `claim`, or `settle_idle` to note that the request found nothing to do
-- ARGV[2]  the request's fingerprint
-- ARGV[3]  the injected time in ms, or empty for the server's clock
-- Replies  held    idle    taken    settled

local LIFETIME = 120000

local key, fingerprint, now = KEYS[1], ARGV[2], tonumber(ARGV[3])

local function is_ours(claim)
  return string.sub(claim, 1, 16) == fingerprint
end

if ARGV[1] == 'settle_idle' then
  local claim = redis.call('GET', key)
  if claim and is_ours(claim) then
    redis.call('SET', key, fingerprint .. 'idle' .. string.sub(claim, 21), 'KEEPTTL')
  end
  return {'settled'}
end

local ends = now and string.format('%.0f', now + LIFETIME) or ''
local fresh = fingerprint .. 'held' .. ends
local claim = redis.call('SET', key, fresh, 'NX', 'GET', 'PX', LIFETIME)
-- Under an injected clock, keys expire later than claims: ignore expired claims.
if claim and now and now >= tonumber(string.sub(claim, 21)) then
  redis.call('SET', key, fresh, 'PX', LIFETIME)
  claim = false
end
if not claim then
  return {'held'}
end
return {is_ours(claim) and string.sub(claim, 17, 20) or 'taken'}
