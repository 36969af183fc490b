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

for _, kind in ipairs({'', 'paired_'}) do
  local lock = locked_until(kind)
  tell(text(count(kind .. 'failures')), text(number(kind .. 'failures_until')), lock and text(lock) or '-',
    text(count(kind .. 'consecutive')), is_disabled(kind) and 'disabled' or 'enabled')
end
local blocked = blocked_until()
tell(blocked and text(blocked) or '-')
if record.nonce then
  local state = ({'active', 'consumed', 'burned', 'revoked'})[record.state]
  if record.state == ACTIVE and now >= record.expires_at then
    state = 'expired'
  end
  tell(record.nonce, state, text(record.issued_at), text(record.expires_at), record.client,
    record.agent or '', record.binding and 'paired' or 'unpaired', text(#(record.exhausted or '') / 4))
end
return reply
