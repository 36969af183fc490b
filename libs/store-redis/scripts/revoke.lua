-- Revokes the live code: `Record::revoke` of libs/records/src/record/manage.rs.
--
-- ARGV[9]  the nonce of the one code that is meant, or empty for whichever lives
-- Replies  revoked <nonce> fresh|replayed    redeemed <nonce> fresh|replayed    nothing_live    conflict

local attempt, fingerprint, only = ARGV[6], ARGV[7], ARGV[9]

local known, again = recall(attempt, fingerprint)
if known then
  if known[1] == WAS_REVOKED then
    return {known[3] or 'revoked', known[2], again}
  elseif known[1] == WAS_IDLE then
    return {'nothing_live'}
  end
  return {'conflict'}
end

if only ~= '' and only ~= record.nonce then
  -- Nothing to remember: a retry by id means the same code.
  return {'redeemed', only, 'fresh'}
end
local word = record.state == CONSUMED and 'redeemed' or 'revoked'
if record.state == ACTIVE and now < record.expires_at then
  finish(REVOKED)
elseif record.state ~= CONSUMED then
  return {'nothing_live'}
end
-- Earlier versions read an outcome without the word, and so leave the word unread.
remember(attempt, fingerprint, WAS_REVOKED, record.nonce, word == 'redeemed' and word or nil)
save()
return {word, record.nonce, 'fresh'}
