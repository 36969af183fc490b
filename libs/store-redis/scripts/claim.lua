#!lua
-- What an idempotency key stands for: `MemoryClaimStore` of libs/codes.
--
-- KEYS[1]  the key's claim, a string: the fingerprint of its request in 16 bytes, `held` or `idle`, and
--          under an injected time when it ends
-- ARGV[1]  claim, or settle_idle to note that the request found nothing to do
-- ARGV[2]  the request's fingerprint
-- ARGV[3]  the time to live by, in ms, or empty for this server's own
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
-- Under an injected clock a claim's end comes without its expiry: the dead are not seen.
if claim and now and now >= tonumber(string.sub(claim, 21)) then
  redis.call('SET', key, fresh, 'PX', LIFETIME)
  claim = false
end
if not claim then
  return {'held'}
end
return {is_ours(claim) and string.sub(claim, 17, 20) or 'taken'}
