-- Forgets failures and ends the lock: `Record::clear_lockout` of libs/codes/src/record/manage.rs.
--
-- Replies  cleared locked|unlocked <failures> disabled|enabled

local known = recall(call, '-')
if known then
  return known
end
local lock = locked_until() and 'locked' or 'unlocked'
local cleared = {'cleared', lock, text(count('failures')), is_disabled() and 'disabled' or 'enabled'}
if next(record) then
  put('lock_until', nil)
  forget('failures')
  forget('consecutive')
  remember(call, '-', table.concat(cleared, ' '))
  save()
end
return cleared
