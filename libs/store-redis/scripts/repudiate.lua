-- Ends a code that the user repudiates: `Record::repudiate` of libs/records/src/record/repudiate.rs.
--
-- ARGV[6]  the nonce of the code  [7] when it was issued or redeemed, in ms
-- Replies  repudiated <end of the block, in ms, or -> fresh|replayed <nonce of the other code that ended, or nothing>

local meant, told_of = ARGV[6], tonumber(ARGV[7])

local function repudiated(again, also_ended)
  local ends = future(BLOCKED_UNTIL)
  return {'repudiated', ends and text(origin + ends) or '-', again, also_ended or ''}
end

local codes = future(REPUDIATED_UNTIL) and record[REPUDIATED] or ''
for i = 1, #codes, #meant do
  if string.sub(codes, i, i + #meant - 1) == meant then
    local last = record[DESK_CALL] or ''
    if string.sub(last, 1, #call) == call then
      return repudiated('fresh', string.sub(last, #call + 1))
    end
    return repudiated('replayed')
  end
end
local is_recent = now < told_of + DAY
local blocks = is_recent and not future(LIFTED_UNTIL)
local ends = is_redeemable and (blocks or nonce == meant)
local also_ended = ends and nonce ~= meant and nonce or ''
if ends then
  finish(REVOKED)
end
if blocks then
  record[BLOCKED_UNTIL] = at + DAY
end
if is_recent then
  -- The same call again has the same reply.
  record[REPUDIATED], record[REPUDIATED_UNTIL], record[DESK_CALL] = codes .. meant, at + DAY, call .. also_ended
end
if is_recent or ends then
  save()
end
return repudiated('fresh', also_ended)
