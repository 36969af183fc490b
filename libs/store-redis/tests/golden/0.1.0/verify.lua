-- Verifies a guess: libs/codes/src/record/verify.rs, transition for transition.
--
-- ARGV[9]  lockout, in ms
-- ARGV[10..]  pairs of a kid and the guess's digest under it
-- Replies  accepted <nonce> <at, in ms> fresh|replayed
--          denied <reason> <locked until, in ms, or -> <nonce or -> fresh|replayed
--          conflict

local attempt, fingerprint = ARGV[6], ARGV[7]
local limit, lockout = tonumber(ARGV[8]), tonumber(ARGV[9])

local function lock_word()
  local ends = locked_until()
  return ends and text(ends) or '-'
end

-- A denial without effect costs what a wrong guess costs, the fence and a write, and changes nothing:
-- the time that an answer takes does not tell a user with a code from one without.
local function refuse(reason)
  fence()
  local bytes = packed()
  if stored then
    redis.call('SET', key, stored, 'KEEPTTL')
  else
    redis.call('SET', key, bytes)
    redis.call('DEL', key)
  end
  return {'denied', reason, lock_word(), '-', 'fresh'}
end

local function deny(reason)
  remember(attempt, fingerprint, WAS_DENIED, reason, lock_word(), record.nonce)
  save()
  return {'denied', reason, lock_word(), record.nonce, 'fresh'}
end

local known, again = recall(attempt, fingerprint)
if known then
  if known[1] == WAS_ACCEPTED then
    return {'accepted', known[2], known[3], again}
  elseif known[1] == WAS_DENIED then
    return {'denied', known[2], known[3], again == 'fresh' and known[4] or '-', again}
  end
  return {'conflict'}
end

if is_disabled() then
  return refuse('disabled')
end
if locked_until() then
  return refuse('locked')
end
if record.state ~= ACTIVE then
  return refuse('no_code')
end
local candidate
for i = 10, #ARGV, 2 do
  if tonumber(ARGV[i]) == record.kid then
    candidate = ARGV[i + 1]
  end
end
local is_over = now >= record.expires_at
if not candidate then
  return refuse(is_over and 'no_code' or 'unknown_key')
end
if is_over then
  -- Only to tell the right code that it expired; the code's limit holds after its end too.
  if number('failed') >= limit or record.fence ~= fence() then
    return refuse('no_code')
  end
  if candidate == record.digest then
    return refuse('expired')
  end
  record.failed = number('failed') + 1
  return deny('no_code')
end

-- Before any comparison: of what was guessed on the other primary nothing may be known here.
if record.fence ~= fence() then
  finish(REVOKED)
  return deny('fenced')
end

if candidate == record.digest then
  finish(CONSUMED)
  forget('failures')
  forget('consecutive')
  remember(attempt, fingerprint, WAS_ACCEPTED, record.nonce, text(now))
  save()
  return {'accepted', record.nonce, text(now), 'fresh'}
end

local is_superseded = false
for i = 11, #ARGV, 2 do
  is_superseded = is_superseded or string.sub(ARGV[i], 1, 4) == record.superseded
end
local failed = number('failed') + 1
record.failed = failed
one_more('failures', lockout)
local consecutive = count('consecutive') + 1
local disabled = consecutive >= CONSECUTIVE_FAILURES
put_count('consecutive', consecutive, now + (disabled and DISABLED_MEMORY or CONSECUTIVE_MEMORY))
if failed >= limit or count('failures') >= limit then
  finish(BURNED)
  record.lock_until, record.failures_until = now + lockout, now + lockout
  return deny('burned')
end
return deny(is_superseded and 'superseded' or 'wrong_code')
