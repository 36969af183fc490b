-- Issues a code: libs/codes/src/record/issue.rs, transition for transition.
--
-- ARGV[4] attempt  [5] its fingerprint  [6] failed attempts allowed  [7] issues an hour
-- ARGV[8] overrides a day  [9] whether to override a lock, 1 or 0
-- ARGV[10] nonce of the code's id  [11] kid  [12] digest  [13] life, in ms  [14] client  [15] agent
-- Replies  issued <nonce> <expires at, in ms> <attempts allowed> overridden|plain fresh|replayed
--          locked <until, in ms>    disabled    conflict
--          quota_exceeded <until, in ms>    override_quota_exceeded <until, in ms>

local attempt, fingerprint, limit = ARGV[4], ARGV[5], tonumber(ARGV[6])

local function issued(overridden, again)
  local failed = record.state == 'active' and number('failed') or 0
  local left = math.max(limit - math.max(failed, count('failures')), 1)
  return {'issued', record.nonce, record.expires_at, text(left), overridden, again}
end

local known = recall(attempt, fingerprint)
if known then
  local live = known[1] == 'issued' and known[2] == record.nonce and record.state == 'active'
    and now < number('expires_at') and record.fence == fence()
  if not live then
    return {'conflict'}
  end
  put('kid', ARGV[11])
  put('digest', ARGV[12])
  save()
  return issued('plain', 'replayed')
end

if count('issues') >= tonumber(ARGV[7]) then
  return {'quota_exceeded', record.issues_until}
end
if is_disabled() then
  return {'disabled'}
end
local overridden = 'plain'
local lock = locked_until()
if lock then
  if ARGV[9] ~= '1' then
    return {'locked', text(lock)}
  end
  if count('overrides') >= tonumber(ARGV[8]) then
    return {'override_quota_exceeded', record.overrides_until}
  end
  overridden = 'overridden'
  put('lock_until', nil)
  one_more('overrides', DAY)
end

put('nonce', ARGV[10])
put('state', 'active')
put('kid', ARGV[11])
put('digest', ARGV[12])
put('fence', fence())
put('failed', '0')
put('issued_at', text(now))
put('expires_at', text(now + ARGV[13]))
put('client', ARGV[14])
put('agent', ARGV[15] ~= '' and ARGV[15] or nil)
one_more('issues', HOUR)
remember(attempt, fingerprint, 'issued ' .. record.nonce)
save()
return issued(overridden, 'fresh')
