-- Approves or denies a request: `decide` of libs/desk/src/book/requests.rs, transition for transition.
--
-- KEYS[1]  the request, and [2] those that wait: see desk_admit.lua
-- KEYS[3]  that the approver approved for the requester  [4] the other way round
-- ARGV[6] the request's id  [7] approver  [8] approve, or deny
-- Replies  done mutual|single    not_found    expired    already_decided    own_request

local PAIR_MEMORY = 30 * DAY

local request, ends = kept(key)
if not request then
  return {'not_found'}
end
if request[2] == '' or request[2] == ARGV[7] then
  return {'own_request'}
end
if request[6] then
  if request[6] ~= ARGV[7] or request[7] ~= ARGV[8] then
    return {'already_decided'}
  end
elseif now >= request[4] then
  return {'expired'}
else
  request[6], request[7] = ARGV[7], ARGV[8]
  keep(key, request, ends)
  local waiting = live(kept(KEYS[2]))
  local _, at = find(waiting, ARGV[6])
  if at then
    table.remove(waiting, at)
    local _, last = ends_of(waiting)
    keep(KEYS[2], waiting, math.max(last, now + 1))
  end
end
local is_mutual = kept(KEYS[4])
if ARGV[8] == 'approve' then
  keep(KEYS[3], true, now + PAIR_MEMORY)
end
return {'done', is_mutual and 'mutual' or 'single'}
