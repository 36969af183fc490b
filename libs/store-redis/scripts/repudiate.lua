-- Ends a code that the user repudiates: `Record::repudiate` of libs/records/src/record/repudiate.rs.
--
-- ARGV[6]  the nonce of the code  [7] when it was issued or redeemed, in ms
-- Replies  repudiated <end of the block, in ms, or -> fresh|replayed <nonce of the other code that ended, or nothing>

local nonce, told_of = ARGV[6], tonumber(ARGV[7])

local function repudiated(again, also_ended)
  local ends = blocked_until()
  return {'repudiated', ends and text(ends) or '-', again, also_ended or ''}
end

local codes = now < number('repudiated_until') and record.repudiated or ''
for i = 1, #codes, NONCE do
  if string.sub(codes, i, i + NONCE - 1) == nonce then
    local last = record.desk_call or ''
    if string.sub(last, 1, #call) == call then
      return repudiated('fresh', string.sub(last, #call + 1))
    end
    return repudiated('replayed')
  end
end
local is_recent = now < told_of + DAY
local blocks = is_recent and now >= number('lifted_until')
local is_live = record.state == ACTIVE and now < record.expires_at
local ends = is_live and (blocks or record.nonce == nonce)
local also_ended = ends and record.nonce ~= nonce and record.nonce or ''
if ends then
  finish(REVOKED)
end
if blocks then
  record.blocked_until = now + DAY
end
if is_recent then
  -- The same call again has the same reply.
  record.repudiated, record.repudiated_until, record.desk_call = codes .. nonce, now + DAY, call .. also_ended
end
if is_recent or ends then
  save()
end
return repudiated('fresh', also_ended)
