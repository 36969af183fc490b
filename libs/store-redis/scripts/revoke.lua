-- Revokes the live code: `Record::revoke` of libs/codes/src/record/manage.rs.
--
-- ARGV[6] attempt  [7] its fingerprint  [8] whether the caller named it, 1 or 0
-- ARGV[9] the nonce of the one code that is meant, or empty for whichever lives
-- Replies  revoked <nonce> fresh|replayed    nothing_live    conflict

local attempt, fingerprint, is_named, only = ARGV[6], ARGV[7], ARGV[8] == '1', ARGV[9]

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
  if is_named then
    remember(attempt, fingerprint, WAS_IDLE)
    save()
  end
  return {'nothing_live'}
end
record.state, record.digest, record.fence = REVOKED, nil, nil
remember(attempt, fingerprint, WAS_REVOKED, record.nonce)
save()
return {'revoked', record.nonce, 'fresh'}
