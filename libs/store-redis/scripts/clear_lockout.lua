-- Forgets failures and ends the lock: `Record::clear_lockout` of libs/codes/src/record/manage.rs.
--
-- Replies  cleared locked|unlocked <failures> disabled|enabled

local lock = locked_until() and 'locked' or 'unlocked'
local failures = text(count('failures'))
local disabled = is_disabled() and 'disabled' or 'enabled'
if next(record) then
  put('lock_until', nil)
  forget('failures')
  forget('consecutive')
  save()
end
return {'cleared', lock, failures, disabled}
