-- Describes the record: libs/records/src/record/describe.rs. Changes nothing.
--
-- Replies  described, then for unpaired and for paired codes: <failures> <window's end, in ms>
--          <lock's end, in ms, or -> <consecutive failures> disabled|enabled; then <end of the block, in
--          ms, or ->; then, if there is a code:
--          <nonce> <state> <issued at> <expires at> <client> <agent or empty> paired|unpaired
--          <exhausted sources>

local reply = {'described'}

local function tell(...)
  for _, fact in ipairs({...}) do
    reply[#reply + 1] = fact
  end
end

for _, paired in ipairs({false, true}) do
  count_for(paired)
  local lock = future(lock_until)
  tell(text(count(failures)), text(origin + (record[failures + 1] or 0)), lock and text(origin + lock) or '-',
    text(count(consecutive)), count(consecutive) >= CONSECUTIVE_FAILURES and 'disabled' or 'enabled')
end
local blocked = future(BLOCKED_UNTIL)
tell(blocked and text(origin + blocked) or '-')
if nonce then
  local state = ({'active', 'consumed', 'burned', 'revoked', 'active'})[record[STATE]]
  if is_active and not is_redeemable then
    state = 'expired'
  end
  tell(nonce, state, text(origin), text(origin + record[EXPIRES_AT]), record[CLIENT], record[AGENT] or '',
    binding and 'paired' or 'unpaired', text(#(record[EXHAUSTED] or '') / 4))
end
return reply
