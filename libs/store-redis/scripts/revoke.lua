-- Revokes the live code: `Record::revoke` of libs/records/src/record/manage.rs.
--
-- ARGV[9]  the nonce of the one code that is meant, or empty for whichever lives
-- Replies  revoked <nonce> fresh|replayed    redeemed <nonce> fresh|replayed    nothing_live    conflict

local only = ARGV[9]

if known then
  if again ~= 'conflict' and known[5] == WAS_REVOKED then
    return {known[7] or 'revoked', known[6], again}
  elseif again ~= 'conflict' and known[5] == WAS_IDLE then
    return {'nothing_live'}
  end
  return {'conflict'}
end

if only ~= '' and only ~= nonce then
  -- Nothing to remember: a retry by id means the same code.
  return {'redeemed', only, 'fresh'}
end
local word = record[STATE] == CONSUMED and 'redeemed' or 'revoked'
if is_redeemable then
  finish(REVOKED)
elseif record[STATE] ~= CONSUMED then
  return {'nothing_live'}
end
-- Earlier versions read an outcome without the word, and so leave the word unread.
remember(WAS_REVOKED, nonce, word == 'redeemed' and word or nil)
save()
return {word, nonce, 'fresh'}
