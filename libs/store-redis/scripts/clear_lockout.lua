-- Forgets failures and ends the lock: `Record::clear_lockout` of libs/codes/src/record/manage.rs.
--
-- ARGV[6] attempt  [7] its fingerprint  [8] whether the caller named it, 1 or 0
-- Replies  cleared locked|unlocked <failures> disabled|enabled fresh|replayed    conflict

local attempt, fingerprint, is_named = ARGV[6], ARGV[7], ARGV[8] == '1'

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
end
if is_named or not is_idle then
  remember(attempt, fingerprint, WAS_CLEARED, lock, failures, disabled)
  save()
end
return {'cleared', lock, failures, disabled, 'fresh'}
