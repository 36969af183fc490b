-- Verifies a guess: libs/records/src/record/verify.rs, transition for transition.
--
-- ARGV[9]  lockout, in ms  [10] attempts per source  [11] whether pairing is required, 1 or 0
-- ARGV[12] the binding of the guess, or empty  [13] its source
-- ARGV[14..]  pairs of a kid and the guess's digest under it
-- Replies  accepted <nonce> <at, in ms> fresh|replayed
--          denied <reason> <locked until, in ms, or -> <nonce or -> fresh|replayed
--          conflict

local limit, lockout = tonumber(ARGV[8]), tonumber(ARGV[9])

local function lock_word()
  local ends = future(lock_until)
  return ends and text(origin + ends) or '-'
end

-- Denies without an effect, at the cost of a wrong guess: it reads the fence and writes. So the time of a
-- reply does not reveal whether a user has a code.
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
  local lock = lock_word()
  remember(WAS_DENIED, reason, lock, nonce)
  save()
  return {'denied', reason, lock, nonce, 'fresh'}
end

-- How many of the tags are the source's own at this code; then the others, and its own.
local function told_apart(tags)
  local hash = redis.sha1hex(nonce .. ARGV[13])
  local tag = struct.pack('>I4', tonumber(string.sub(hash, 1, 8), 16))
  local own, others = 0, ''
  for i = 1, #tags, #tag do
    local it = string.sub(tags, i, i + #tag - 1)
    if it == tag then
      own = own + 1
    else
      others = others .. it
    end
  end
  return own, others, tag
end

-- Counts a failure of the source. Stores nothing if one source may use every attempt.
local function count_source()
  local most = tonumber(ARGV[10])
  if binding or most >= limit then
    return
  end
  local failed, others, tag = told_apart(record[SOURCES] or '')
  if failed + 1 >= most then
    record[EXHAUSTED] = (record[EXHAUSTED] or '') .. tag
    record[SOURCES] = others ~= '' and others or nil
  else
    record[SOURCES] = (record[SOURCES] or '') .. tag
  end
end

-- Before any outcome is repeated: a retry must not revive what the user repudiated.
if future(BLOCKED_UNTIL) then
  return refuse('blocked')
end

if known then
  local kind, fact, second, third = unpack(known, 5)
  if again ~= 'conflict' and kind == WAS_ACCEPTED then
    return {'accepted', fact, second, again}
  elseif again ~= 'conflict' and kind == WAS_DENIED then
    return {'denied', fact, second, again == 'fresh' and third or '-', again}
  end
  return {'conflict'}
end

if count(consecutive) >= CONSECUTIVE_FAILURES then
  return refuse('disabled')
end
if future(lock_until) then
  return refuse('locked')
end
if not is_active then
  return refuse('no_code')
end
if binding and binding ~= string.sub(ARGV[12], 1, #binding) or not binding and ARGV[11] == '1' then
  return refuse('not_paired')
end
if record[EXHAUSTED] and told_apart(record[EXHAUSTED]) > 0 then
  return refuse('source_exhausted')
end
local candidate
for i = 14, #ARGV, 2 do
  if tonumber(ARGV[i]) == record[KID] then
    candidate = ARGV[i + 1]
  end
end
if not candidate then
  return refuse(is_redeemable and 'unknown_key' or 'no_code')
end
local failed = record[FAILED] or 0
if not is_redeemable then
  -- Compared only to tell the owner of the right code that it expired. The code's limit still applies.
  if failed >= limit or record[FENCE] ~= fence(binding) then
    return refuse('no_code')
  end
  if candidate == record[DIGEST] then
    return refuse('expired')
  end
  record[FAILED] = failed + 1
  count_source()
  return deny('no_code')
end

-- Before any comparison: guesses made on the other primary may be unknown here.
if record[FENCE] ~= fence(binding) then
  finish(REVOKED)
  return deny('fenced')
end

if candidate == record[DIGEST] then
  finish(CONSUMED)
  record[failures], record[failures + 1] = nil, nil
  record[consecutive], record[consecutive + 1] = nil, nil
  local accepted_at = text(now)
  remember(WAS_ACCEPTED, nonce, accepted_at)
  save()
  return {'accepted', nonce, accepted_at, 'fresh'}
end

local is_superseded = false
for i = 15, #ARGV, 2 do
  is_superseded = is_superseded or string.sub(ARGV[i], 1, 4) == record[SUPERSEDED]
end
record[FAILED] = failed + 1
count_source()
one_more(failures, lockout)
local in_a_row = count(consecutive) + 1
local memory = in_a_row >= CONSECUTIVE_FAILURES and DISABLED_MEMORY or CONSECUTIVE_MEMORY
record[consecutive], record[consecutive + 1] = in_a_row, at + memory
if record[FAILED] >= limit or count(failures) >= limit then
  finish(BURNED)
  record[lock_until], record[failures + 1] = at + lockout, at + lockout
  return deny('burned')
end
return deny(is_superseded and 'superseded' or 'wrong_code')
