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

local checks = ARGV[21] == 'check'

local function issued(overridden, again)
  local left = math.max(ARGV[8] - math.max(record[FAILED] or 0, count(failures)), 1)
  local paired = binding and 'paired' or 'unpaired'
  return {'issued', nonce, text(origin + record[EXPIRES_AT]), text(left), paired, overridden, again}
end

local function quota_exceeded()
  if count(ISSUES) >= tonumber(ARGV[9]) then
    return {'quota_exceeded', text(origin + record[ISSUES + 1])}
  end
end

-- A new digest takes the place of one that could still be redeemed.
local function supersede()
  record[SUPERSEDED] = is_redeemable and string.sub(record[DIGEST], 1, 4) or nil
  record[KID], record[DIGEST] = tonumber(ARGV[13]), ARGV[14]
end

-- The journey that the code is for, and its end; nil for an unpaired code or an unknown number.
local function journey()
  if ARGV[19] ~= '' then
    return ARGV[19], tonumber(ARGV[20])
  end
  local pairing = KEYS[2] and redis.call('GET', KEYS[2])
  if pairing then
    local paired_with, ends_at, session_ends_at = cmsgpack.unpack(pairing)
    if now < ends_at then
      return paired_with, session_ends_at
    end
  end
end

local function clear(paired_with, session_ends_at)
  return paired_with and {'clear', 'paired', paired_with, text(session_ends_at)} or {'clear', 'unpaired'}
end

local blocked = future(BLOCKED_UNTIL)
if blocked then
  return {'blocked', text(origin + blocked)}
end

if known then
  local live = again ~= 'conflict' and known[5] == WAS_ISSUED and is_redeemable
    and record[FENCE] == fence(binding)
  if not live then
    return {'conflict'}
  end
  -- The call itself, sent again: its code is in place, and counted.
  if again == 'fresh' then
    local overridden = known[6] == 'overridden' and known[6] or 'plain'
    return issued(overridden, known[6] == 'reissued' and 'replayed' or 'fresh')
  end
  local refused = quota_exceeded()
  if refused then
    return refused
  end
  if checks then
    return clear(journey())
  end
  supersede()
  one_more(ISSUES, HOUR)
  known[4], known[6] = call, 'reissued'
  save()
  return issued('plain', 'replayed')
end

if ARGV[18] == 'reissue' then
  return {'conflict'}
end

local paired_with, session_ends_at = journey()
if KEYS[2] and not paired_with then
  return {'pairing_not_found'}
end
if paired_with and now + ARGV[15] > session_ends_at then
  return {'outlives_session', text(session_ends_at)}
end
count_for(paired_with)

local refused = quota_exceeded()
if refused then
  return refused
end
if count(consecutive) >= CONSECUTIVE_FAILURES then
  return {'disabled'}
end
local lock = future(lock_until)
if lock then
  if ARGV[11] ~= '1' then
    return {'locked', text(origin + lock)}
  end
  if count(OVERRIDES) >= tonumber(ARGV[10]) then
    return {'override_quota_exceeded', text(origin + record[OVERRIDES + 1])}
  end
end
if checks then
  return clear(paired_with, session_ends_at)
end
if lock then
  record[lock_until] = nil
  record[failures], record[failures + 1] = nil, nil
  one_more(OVERRIDES, DAY)
end

supersede()
-- From now on, times count from this code's issue.
for i = 1, #ENDS do
  local ends = record[ENDS[i]]
  record[ENDS[i]] = ends and ends - at
end
for _, earlier in ipairs(record[OUTCOMES]) do
  earlier[2] = earlier[2] - at
  if earlier[5] == WAS_ISSUED then
    earlier[5] = WAS_SUPERSEDED
  end
end
origin, at = now, 0
nonce, binding = ARGV[12], paired_with and string.sub(paired_with, 1, 12)
record[NONCE], record[STATE] = nonce .. (binding or ''), binding and PAIRED or ACTIVE
record[FENCE], record[FAILED], record[SOURCES], record[EXHAUSTED] = fence(binding), nil, nil, nil
record[ISSUED_AT], record[EXPIRES_AT] = now, tonumber(ARGV[15])
record[CLIENT], record[AGENT] = ARGV[16], ARGV[17] ~= '' and ARGV[17] or nil
one_more(ISSUES, HOUR)
-- The record's own code is meant: it is not named again.
remember(WAS_ISSUED, lock and 'overridden' or nil)
save()
return issued(lock and 'overridden' or 'plain', 'fresh')
