-- Verifies a guess: libs/records/src/record/verify.rs, transition for transition.
--
-- ARGV[9]  lockout, in ms  [10] attempts per source  [11] whether pairing is required, 1 or 0
-- ARGV[12] the binding of the guess, or empty  [13] its source
-- ARGV[14..]  pairs of a kid and the guess's digest under it
-- Replies  accepted <nonce> <at, in ms> fresh|replayed
--          denied <reason> <locked until, in ms, or -> <nonce or -> fresh|replayed
--          conflict

local attempt, fingerprint = ARGV[6], ARGV[7]
local limit, lockout = tonumber(ARGV[8]), tonumber(ARGV[9])

-- The length of a source's tag.
local TAG = 4

local kind = kind_of(record.binding)

local function lock_word()
  local ends = locked_until(kind)
  return ends and text(ends) or '-'
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
  remember(attempt, fingerprint, WAS_DENIED, reason, lock_word(), record.nonce)
  save()
  return {'denied', reason, lock_word(), record.nonce, 'fresh'}
end

-- The source's tag at this code.
local function source_tag()
  local hash = redis.sha1hex(record.nonce .. ARGV[13])
  local tag = {}
  for i = 1, TAG do
    tag[i] = string.char(tonumber(string.sub(hash, 2 * i - 1, 2 * i), 16))
  end
  return table.concat(tag)
end

-- Splits the tags into those that equal this one, which are counted, and the others.
local function told_apart(tag, tags)
  local same, others = 0, ''
  for i = 1, #tags, TAG do
    local it = string.sub(tags, i, i + TAG - 1)
    if it == tag then
      same = same + 1
    else
      others = others .. it
    end
  end
  return same, others
end

-- Counts a failure of the source. Stores nothing if one source may use every attempt.
local function count_source()
  local most = tonumber(ARGV[10])
  if record.binding or most >= limit then
    return
  end
  local tag = source_tag()
  local failed, others = told_apart(tag, record.sources or '')
  if failed + 1 >= most then
    record.exhausted = (record.exhausted or '') .. tag
    record.sources = others ~= '' and others or nil
  else
    record.sources = (record.sources or '') .. tag
  end
end

-- Before any outcome is repeated: a retry must not revive what the user repudiated.
if blocked_until() then
  return refuse('blocked')
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

if is_disabled(kind) then
  return refuse('disabled')
end
if locked_until(kind) then
  return refuse('locked')
end
if record.state ~= ACTIVE then
  return refuse('no_code')
end
if record.binding and record.binding ~= ARGV[12] or not record.binding and ARGV[11] == '1' then
  return refuse('not_paired')
end
if record.exhausted and told_apart(source_tag(), record.exhausted) > 0 then
  return refuse('source_exhausted')
end
local candidate
for i = 14, #ARGV, 2 do
  if tonumber(ARGV[i]) == record.kid then
    candidate = ARGV[i + 1]
  end
end
local is_over = now >= record.expires_at
if not candidate then
  return refuse(is_over and 'no_code' or 'unknown_key')
end
if is_over then
  -- Compared only to tell the owner of the right code that it expired. The code's limit still applies.
  if number('failed') >= limit or record.fence ~= fence() then
    return refuse('no_code')
  end
  if candidate == record.digest then
    return refuse('expired')
  end
  record.failed = number('failed') + 1
  count_source()
  return deny('no_code')
end

-- Before any comparison: guesses made on the other primary may be unknown here.
if record.fence ~= fence() then
  finish(REVOKED)
  return deny('fenced')
end

if candidate == record.digest then
  finish(CONSUMED)
  forget(kind .. 'failures')
  forget(kind .. 'consecutive')
  remember(attempt, fingerprint, WAS_ACCEPTED, record.nonce, text(now))
  save()
  return {'accepted', record.nonce, text(now), 'fresh'}
end

local is_superseded = false
for i = 15, #ARGV, 2 do
  is_superseded = is_superseded or string.sub(ARGV[i], 1, 4) == record.superseded
end
local failed = number('failed') + 1
record.failed = failed
count_source()
one_more(kind .. 'failures', lockout)
local consecutive = count(kind .. 'consecutive') + 1
local disabled = consecutive >= CONSECUTIVE_FAILURES
local memory = disabled and DISABLED_MEMORY or CONSECUTIVE_MEMORY
put_count(kind .. 'consecutive', consecutive, now + memory)
if failed >= limit or count(kind .. 'failures') >= limit then
  finish(BURNED)
  record[kind .. 'lock_until'], record[kind .. 'failures_until'] = now + lockout, now + lockout
  return deny('burned')
end
return deny(is_superseded and 'superseded' or 'wrong_code')
