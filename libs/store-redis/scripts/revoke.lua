-- Revokes the live code: `Record::revoke` of libs/codes/src/record/manage.rs.
--
-- ARGV[4]  the nonce of the one code that is meant, or empty for whichever lives
-- Replies  revoked <nonce>    nothing_live

local live = record.state == 'active' and now < number('expires_at')
if not live or (ARGV[4] ~= '' and ARGV[4] ~= record.nonce) then
  return {'nothing_live'}
end
put('state', 'revoked')
put('digest', nil)
put('fence', nil)
save()
return {'revoked', record.nonce}
