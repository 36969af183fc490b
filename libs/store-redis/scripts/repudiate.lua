-- Ends a code that the user repudiates: `Record::repudiate` of libs/records/src/record/repudiate.rs.
--
-- ARGV[6]  the nonce of the code  [7] when it was issued or redeemed, in ms
-- Replies  repudiated <end of the block, in ms, or -> fresh|replayed

local nonce, told_of = ARGV[6], tonumber(ARGV[7])

local function repudiated(again)
  local ends = blocked_until()
  return {'repudiated', ends and text(ends) or '-', again}
end

local codes = now < number('repudiated_until') and record.repudiated or ''
for i = 1, #codes, NONCE do
  if string.sub(codes, i, i + NONCE - 1) == nonce then
    return repudiated(record.desk_call == call and 'fresh' or 'replayed')
  end
end
local is_live = record.nonce == nonce and record.state == ACTIVE and now < record.expires_at
if is_live then
  finish(REVOKED)
end
if now < told_of + DAY then
  record.repudiated, record.repudiated_until, record.desk_call = codes .. nonce, now + DAY, call
  if now >= number('lifted_until') then
    record.blocked_until = now + DAY
  end
elseif not is_live then
  return repudiated('fresh')
end
save()
return repudiated('fresh')
