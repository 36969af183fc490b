-- Issues a code: libs/records/src/record/issue.rs, transition for transition.
--
-- KEYS[2]  the pairing that the code is for: see pair.lua; none for an unpaired code
-- ARGV[9] issues an hour  [10] overrides a day  [11] whether to override a lock, 1 or 0
-- ARGV[12] nonce of the code's id  [13] kid  [14] digest  [15] life, in ms  [16] client  [17] agent
-- ARGV[18] `reissue` if only the code of an earlier call may be replaced; or empty
-- ARGV[19] binding of a journey that an earlier check found  [20] its end, in ms; both empty without one
-- ARGV[21] `check` to write nothing and tell whether the issue would succeed; or nothing
-- Replies  issued <nonce> <expires at, in ms> <attempts allowed> paired|unpaired overridden|plain
--          fresh|replayed    pairing_not_found    outlives_session <its end, in ms>
--          locked <until, in ms>    blocked <until, in ms>    disabled    conflict
--          clear unpaired, or clear paired <binding> <the session's end, in ms>, of a check
--          quota_exceeded <until, in ms>    override_quota_exceeded <until, in ms>

local attempt, fingerprint, limit = ARGV[6], ARGV[7], tonumber(ARGV[8])

local checks = ARGV[21] == 'check'

local function issued(overridden, again)
  local failed = record.state == ACTIVE and number('failed') or 0
  local expires_at = text(record.expires_at)
  local left = math.max(limit - math.max(failed, count(kind_of(record.binding) .. 'failures')), 1)
  local paired = record.binding and 'paired' or 'unpaired'
  return {'issued', record.nonce, expires_at, text(left), paired, overridden, again}
end

local function quota_exceeded()
  if count('issues') >= tonumber(ARGV[9]) then
    return {'quota_exceeded', text(record.issues_until)}
  end
end

-- A new digest takes the place of one that could still be redeemed.
local function supersede()
  local was_live = record.state == ACTIVE and now < record.expires_at
  record.superseded = was_live and string.sub(record.digest, 1, 4) or nil
  record.kid, record.digest = tonumber(ARGV[13]), ARGV[14]
end

-- The journey that the code is for, and its end; nil for an unpaired code or an unknown number.
local function journey()
  if ARGV[19] ~= '' then
    return ARGV[19], tonumber(ARGV[20])
  end
  local pairing = KEYS[2] and redis.call('GET', KEYS[2])
  if pairing then
    local binding, ends_at, session_ends_at = cmsgpack.unpack(pairing)
    if now < ends_at then
      return binding, session_ends_at
    end
  end
end

local function clear(binding, session_ends_at)
  return binding and {'clear', 'paired', binding, text(session_ends_at)} or {'clear', 'unpaired'}
end

local blocked = blocked_until()
if blocked then
  return {'blocked', text(blocked)}
end

local known, again, outcome = recall(attempt, fingerprint)
if known then
  local live = known[1] == WAS_ISSUED and record.state == ACTIVE and now < number('expires_at')
    and record.fence == fence()
  if not live then
    return {'conflict'}
  end
  -- The call itself, sent again: its code is in place, and counted.
  if again == 'fresh' then
    local overridden = known[2] == 'overridden' and known[2] or 'plain'
    return issued(overridden, known[2] == 'reissued' and 'replayed' or 'fresh')
  end
  local refused = quota_exceeded()
  if refused then
    return refused
  end
  if checks then
    return clear(journey())
  end
  supersede()
  one_more('issues', HOUR)
  outcome[4], outcome[6] = call, 'reissued'
  save()
  return issued('plain', 'replayed')
end

if ARGV[18] == 'reissue' then
  return {'conflict'}
end

local binding, session_ends_at = journey()
if KEYS[2] and not binding then
  return {'pairing_not_found'}
end
if binding and now + ARGV[15] > session_ends_at then
  return {'outlives_session', text(session_ends_at)}
end
local kind = kind_of(binding)

local refused = quota_exceeded()
if refused then
  return refused
end
if is_disabled(kind) then
  return {'disabled'}
end
local lock = locked_until(kind)
if lock then
  if ARGV[11] ~= '1' then
    return {'locked', text(lock)}
  end
  if count('overrides') >= tonumber(ARGV[10]) then
    return {'override_quota_exceeded', text(record.overrides_until)}
  end
end
if checks then
  return clear(binding, session_ends_at)
end
if lock then
  record[kind .. 'lock_until'] = nil
  forget(kind .. 'failures')
  one_more('overrides', DAY)
end

for _, earlier in ipairs(record.outcomes) do
  if earlier[5] == WAS_ISSUED then
    earlier[5] = WAS_SUPERSEDED
  end
end
supersede()
record.nonce, record.binding, record.state = ARGV[12], binding, ACTIVE
record.fence, record.failed, record.sources, record.exhausted = fence(), nil, nil, nil
record.issued_at, record.expires_at = now, now + ARGV[15]
record.client, record.agent = ARGV[16], ARGV[17] ~= '' and ARGV[17] or nil
one_more('issues', HOUR)
-- The record's own code is meant: it is not named again.
remember(attempt, fingerprint, WAS_ISSUED, lock and 'overridden')
save()
return issued(lock and 'overridden' or 'plain', 'fresh')
