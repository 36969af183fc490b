-- Revokes the live code: `Record::revoke` of libs/records/src/record/manage.rs.
--
-- ARGV[9]  the nonce of the one code that is meant, or empty for whichever lives
-- Replies  revoked <nonce> fresh|replayed    nothing_live    conflict

local attempt, fingerprint, only = ARGV[6], ARGV[7], ARGV[9]

local known, again = recall(attempt, fingerprint)
if known then
  if known[1] == WAS_REVOKED then
    return {'revoked', known[2], again}
  elseif known[1] == WAS_IDLE then
    return {'nothing_live'}
  end
  return {'conflict'}
end

local live = record.state == ACTIVE and now < number('expires_at')
if not live or (only ~= '' and only ~= record.nonce) then
  return {'nothing_live'}
end
finish(REVOKED)
remember(attempt, fingerprint, WAS_REVOKED, record.nonce)
save()
return {'revoked', record.nonce, 'fresh'}
