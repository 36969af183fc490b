-- Forgets the failures at paired and unpaired codes and ends both locks: `Record::clear_lockout` of
-- libs/records/src/record/manage.rs.
--
-- Replies  cleared locked|unlocked <failures> disabled|enabled fresh|replayed    conflict

local attempt, fingerprint = ARGV[6], ARGV[7]

local known, again = recall(attempt, fingerprint)
if known then
  if known[1] == WAS_CLEARED then
    return {'cleared', known[2], known[3], known[4], again}
  end
  return {'conflict'}
end

local lock, disabled, failures, is_idle = 'unlocked', 'enabled', 0, true
for _, kind in ipairs({'', 'paired_'}) do
  lock = locked_until(kind) and 'locked' or lock
  disabled = is_disabled(kind) and 'disabled' or disabled
  failures = failures + count(kind .. 'failures')
  is_idle = is_idle and not locked_until(kind)
    and count(kind .. 'failures') == 0 and count(kind .. 'consecutive') == 0
end
failures = text(failures)
if not is_idle then
  for _, kind in ipairs({'', 'paired_'}) do
    record[kind .. 'lock_until'] = nil
    forget(kind .. 'failures')
    forget(kind .. 'consecutive')
  end
  remember(attempt, fingerprint, WAS_CLEARED, lock, failures, disabled)
  save()
end
return {'cleared', lock, failures, disabled, 'fresh'}
