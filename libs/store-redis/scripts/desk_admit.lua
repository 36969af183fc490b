-- Admits an issue: libs/desk/src/book/admit.rs and collect of requests.rs, transition for transition.
--
-- KEYS[1]  the admission: {fingerprint, {request's id, its end, cause} or false, whether it was issued}
-- KEYS[7]  the requests that wait: {id, end, requester} ..
-- KEYS[8]  the request: {fingerprint, requester, cause, end, body, who decided or false,
--          `approve` or `deny`, the attempt that collected it or false, whether that was issued}
-- ARGV[10] attempt  [11] its fingerprint
-- ARGV[12] whether fields are missing or wrong, 1 or 0  [13] whether the agent may not serve the tier
-- ARGV[14] why it needs approval in any case, or empty
-- ARGV[15] limits of the user, [16] the agent, [17] the group; each a number, or empty for none
-- ARGV[18] whether issues above a limit can be approved, 1 or 0
-- ARGV[19] `ask` or `collect`  [20] the request's id  [21] its life, in ms  [22] its body
-- Replies  admitted fresh|issued    pending <id> <its end, in ms> <cause>    froze    conflict
--          refused <rule> [<until, in ms>]    refused brake <name> <until, in ms>

local ADMISSION_WINDOW = 900000
local TICKET_MEMORY = 90 * DAY
local FREEZE_MEMORY = 365 * DAY
local REQUEST_TRACE = HOUR
local MAX_REQUESTS_OF_AGENT = 20
local MAX_REQUESTS = 1000

local attempt, fingerprint, id = ARGV[10], ARGV[11], ARGV[20]
local above_limits = ARGV[18] == '1'

local function refused(rule, ends)
  return {'refused', rule, ends and text(ends)}
end

local function pending(request)
  return {'pending', request[1], text(request[2]), request[3]}
end

-- How often a limit is reached, twice at most.
local function reached(number, limit)
  limit = tonumber(limit)
  return limit and math.min(math.floor(number / limit), 2) or 0
end

local function refuses(times)
  return times == 2 or times == 1 and not above_limits
end

-- `decide` of libs/desk/src/decide.rs after brakes: a refusal, or nil and why the issue needs approval.
local function decide(is_approved)
  if is_frozen then
    return refused('frozen_agent')
  end
  if ARGV[12] == '1' then
    return refused('fields')
  end
  if ticket_is_taken then
    return refused('ticket_taken')
  end
  local number, ends = counted(KEYS[3])
  local of_user = reached(number, ARGV[15])
  if not is_approved and refuses(of_user) then
    return refused('user_limit', ends)
  end
  if ARGV[13] == '1' then
    return refused('tier')
  end
  if is_approved then
    return
  end
  number, ends = counted(KEYS[4])
  local of_agent = reached(number, ARGV[16])
  if of_agent == 2 then
    return {'froze'}
  end
  if refuses(of_agent) then
    return refused('agent_limit', ends)
  end
  number, ends = counted(KEYS[5])
  local of_group = reached(number, ARGV[17])
  if refuses(of_group) then
    return refused('group_limit', ends)
  end
  return nil, ARGV[14] ~= '' and ARGV[14] or of_user > 0 and 'user_limit'
    or of_agent > 0 and 'agent_limit' or of_group > 0 and 'group_limit' or nil
end

-- One more in the present window; the first one opens a window of that length.
local function one_more(name, length)
  local number, ends = counted(name)
  keep(name, number + 1, number == 0 and now + length or ends)
end

local function freeze()
  stops[#stops + 1] = {'frozen:' .. agent, now + FREEZE_MEMORY}
  local _, last = ends_of(stops)
  keep(KEYS[2], {stops}, last)
end

local function ask()
  local known = kept(KEYS[1])
  if known then
    if known[1] ~= fingerprint then
      return {'conflict'}
    end
    local barred = decide(true)
    if barred then
      return barred
    end
    return known[2] and pending(known[2]) or {'admitted', known[3] and 'issued' or 'fresh'}
  end
  local refusal, cause = decide(false)
  if refusal then
    if refusal[1] == 'froze' and agent ~= '' then
      freeze()
    end
    return refusal
  end
  local request = false
  if cause then
    local waiting = live(kept(KEYS[7]))
    local own = {}
    for _, entry in ipairs(waiting) do
      if entry[3] == agent then
        own[#own + 1] = entry
      end
    end
    if #own >= MAX_REQUESTS_OF_AGENT then
      return refused('too_many_requests', (ends_of(own)))
    end
    local first, last = ends_of(waiting)
    if #waiting >= MAX_REQUESTS then
      return refused('too_many_requests', first)
    end
    request = {id, now + ARGV[21], cause}
    waiting[#waiting + 1] = {id, request[2], agent}
    keep(KEYS[7], waiting, math.max(last, request[2]))
    local value = {fingerprint, agent, cause, request[2], ARGV[22], false, false, false, false}
    keep(KEYS[8], value, request[2] + REQUEST_TRACE)
  end
  if ARGV[9] == 'once' and not owner then
    keep(KEYS[6], subject, now + TICKET_MEMORY)
  end
  one_more(KEYS[3], DAY)
  if agent ~= '' then
    one_more(KEYS[4], HOUR)
  end
  if group ~= '' then
    one_more(KEYS[5], HOUR)
  end
  keep(KEYS[1], {fingerprint, request, false}, now + ADMISSION_WINDOW)
  return request and pending(request) or {'admitted', 'fresh'}
end

local function collect()
  local request, ends = kept(KEYS[8])
  if not request then
    return refused('approval_not_found')
  end
  if request[1] ~= fingerprint then
    return refused('approval_changed')
  end
  if request[8] and request[8] ~= attempt then
    return refused('approval_used')
  end
  if request[7] == 'deny' then
    return refused('approval_denied')
  end
  -- A code that was issued in time can be replaced for as long as its record knows the key.
  if not request[9] and now >= request[4] then
    return refused('approval_expired')
  end
  if not request[6] then
    return pending({id, request[4], request[3]})
  end
  local refusal = decide(true)
  if refusal then
    return refusal
  end
  request[8] = attempt
  keep(KEYS[8], request, ends)
  return {'admitted', request[9] and 'issued' or 'fresh'}
end

local name, ends = brake()
if name then
  return {'refused', 'brake', name, text(ends)}
end
return ARGV[19] == 'collect' and collect() or ask()
