-- Describes the record: `Record::describe` of libs/codes/src/record/manage.rs. Changes nothing.
--
-- Replies  described <failures> <their end, in ms> <lock's end, in ms, or -> <consecutive>
--          disabled|enabled, and if there is a code: <nonce> <state> <issued at> <expires at>
--          <client> <agent or empty>

local lock = locked_until()
local reply = {
  'described', text(count('failures')), text(number('failures_until')), lock and text(lock) or '-',
  text(count('consecutive')), is_disabled() and 'disabled' or 'enabled',
}
if record.nonce then
  local state = ({'active', 'consumed', 'burned', 'revoked'})[record.state]
  if record.state == ACTIVE and now >= record.expires_at then
    state = 'expired'
  end
  for _, fact in ipairs({record.nonce, state, text(record.issued_at), text(record.expires_at),
    record.client, record.agent or ''}) do
    reply[#reply + 1] = fact
  end
end
return reply
