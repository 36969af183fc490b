-- Forgets the failures at paired and unpaired codes and ends both locks: `Record::clear_lockout` of
-- libs/records/src/record/manage.rs.
--
-- Replies  cleared locked|unlocked <failures> disabled|enabled fresh|replayed    conflict

if known then
  if again ~= 'conflict' and known[5] == WAS_CLEARED then
    return {'cleared', known[6], known[7], known[8], again}
  end
  return {'conflict'}
end

local lock, disabled, failed, is_idle = 'unlocked', 'enabled', 0, true
for _, paired in ipairs({false, true}) do
  count_for(paired)
  lock = future(lock_until) and 'locked' or lock
  disabled = count(consecutive) >= CONSECUTIVE_FAILURES and 'disabled' or disabled
  failed = failed + count(failures)
  is_idle = is_idle and not future(lock_until) and count(failures) == 0 and count(consecutive) == 0
end
failed = text(failed)
if not is_idle then
  for _, paired in ipairs({false, true}) do
    count_for(paired)
    record[lock_until] = nil
    record[failures], record[failures + 1] = nil, nil
    record[consecutive], record[consecutive + 1] = nil, nil
  end
  remember(WAS_CLEARED, lock, failed, disabled)
  save()
end
return {'cleared', lock, failed, disabled, 'fresh'}
