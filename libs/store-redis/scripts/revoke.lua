-- Revokes the live code: `Record::revoke` of libs/codes/src/record/manage.rs.
--
-- ARGV[5]  the nonce of the one code that is meant, or empty for whichever lives
-- Replies  revoked <nonce>    nothing_live

local known = recall(call, '-')
if known then
  return known
end
local live = record.state == 'active' and now < number('expires_at')
if not live or (ARGV[5] ~= '' and ARGV[5] ~= record.nonce) then
  return {'nothing_live'}
end
put('state', 'revoked')
put('digest', nil)
put('fence', nil)
remember(call, '-', 'revoked ' .. record.nonce)
save()
return {'revoked', record.nonce}
