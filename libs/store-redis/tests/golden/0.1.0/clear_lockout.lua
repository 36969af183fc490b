-- Forgets failures and ends the lock: `Record::clear_lockout` of libs/codes/src/record/manage.rs.
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

local lock = locked_until() and 'locked' or 'unlocked'
local failures = text(count('failures'))
local disabled = is_disabled() and 'disabled' or 'enabled'
local is_idle = lock == 'unlocked' and count('failures') == 0 and count('consecutive') == 0
if not is_idle then
  record.lock_until = nil
  forget('failures')
  forget('consecutive')
  remember(attempt, fingerprint, WAS_CLEARED, lock, failures, disabled)
  save()
end
return {'cleared', lock, failures, disabled, 'fresh'}
