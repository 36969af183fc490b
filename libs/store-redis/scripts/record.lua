-- The record of one user, as specified in libs/records/src/record: the prelude of every script on codes.
--
-- KEYS[1]  the record, a string: see `read` and `packed`
-- ARGV[6]  attempt, [7] its fingerprint, [8] allowed failures: in all scripts except `describe`
--
-- code      nonce state kid digest fence failed issued_at expires_at client agent; superseded: the first
--           bytes of the digest that this one replaced; binding: the journey of a paired code; sources: 4
--           bytes for each failure of a source; exhausted: 4 bytes for each source without attempts
-- counts    failures, consecutive, issues, overrides, each with _until; lock_until
--           for paired codes: paired_failures, paired_consecutive, paired_lock_until
-- desk      repudiated: the nonces of the codes that the user repudiated, until repudiated_until;
--           blocked_until; lifted_until; desk_call: the last call that changed one of these, then
--           the nonce of the other code that it ended
-- outcomes  a list, the oldest first, of {attempt, time, fingerprint, call, kind, facts ..}
--
-- Absent values are nil, and a counter of zero is nil too. Times are in ms. The nonce, the digest, the fence,
-- attempts, fingerprints and calls are bytes. Digests are HMACs truncated to half their length, as RFC 2104,
-- section 5, allows.

local ACTIVE, CONSUMED, BURNED, REVOKED = 1, 2, 3, 4

-- Stored in place of ACTIVE for paired codes. Versions before pairing see no active code.
local PAIRED = 5

-- The kinds of outcomes. WAS_SUPERSEDED: the issue of a code that a later issue replaced. WAS_IDLE is only
-- read: earlier versions wrote it for revocations that found nothing.
local WAS_ISSUED, WAS_SUPERSEDED, WAS_ACCEPTED, WAS_DENIED = 1, 2, 3, 4
local WAS_REVOKED, WAS_IDLE, WAS_CLEARED = 5, 6, 7

-- How much a retry needs an outcome of each kind: `Worth` of libs/records/src/record.
local WORTH = {
  [WAS_SUPERSEDED] = 0, [WAS_IDLE] = 0, [WAS_DENIED] = 1, [WAS_ISSUED] = 2, [WAS_REVOKED] = 2,
  [WAS_ACCEPTED] = 3,
}

local REPLAY_WINDOW = 120000
local TRACE = 3600000
local HOUR = 3600000
local DAY = 24 * HOUR
local CONSECUTIVE_MEMORY = 30 * DAY
local DISABLED_MEMORY = 3650 * DAY
local CONSECUTIVE_FAILURES = 100

local record = {outcomes = {}}

-- Moves every time except `issued_at`. Stored times count from it, or from the epoch if there is no code:
-- that keeps them short.
local function move(by)
  local it = record
  it.expires_at = it.expires_at and it.expires_at + by
  it.issues_until = it.issues_until and it.issues_until + by
  it.failures_until = it.failures_until and it.failures_until + by
  it.consecutive_until = it.consecutive_until and it.consecutive_until + by
  it.overrides_until = it.overrides_until and it.overrides_until + by
  it.lock_until = it.lock_until and it.lock_until + by
  it.paired_failures_until = it.paired_failures_until and it.paired_failures_until + by
  it.paired_consecutive_until = it.paired_consecutive_until and it.paired_consecutive_until + by
  it.paired_lock_until = it.paired_lock_until and it.paired_lock_until + by
  it.repudiated_until = it.repudiated_until and it.repudiated_until + by
  it.blocked_until = it.blocked_until and it.blocked_until + by
  it.lifted_until = it.lifted_until and it.lifted_until + by
  for _, outcome in ipairs(it.outcomes) do
    outcome[2] = outcome[2] + by
  end
end

-- The stored fields in this order, as MessagePack, nils included. Trailing nils are left out, and unknown
-- trailing fields are ignored: a new version may append fields, at no cost to records without them.
local FIELDS = {
  'nonce', 'state', 'kid', 'digest', 'fence', 'failed', 'issued_at', 'expires_at', 'client', 'agent',
  'issues', 'issues_until', 'failures', 'failures_until', 'consecutive', 'consecutive_until', 'overrides',
  'overrides_until', 'lock_until', 'outcomes', 'superseded', 'sources', 'exhausted', 'paired_failures',
  'paired_failures_until', 'paired_consecutive', 'paired_consecutive_until', 'paired_lock_until',
  'repudiated', 'repudiated_until', 'blocked_until', 'lifted_until', 'desk_call',
}

-- The fields of the code.
local CODE = {
  'nonce', 'state', 'kid', 'digest', 'fence', 'failed', 'issued_at', 'expires_at', 'client', 'agent',
  'superseded', 'binding', 'sources', 'exhausted',
}

-- The binding is stored after the nonce and not as a field, so that versions before pairing keep it when
-- they write the record.
local NONCE = 16

local function read()
  local values = {cmsgpack.unpack(stored)}
  for i = 1, #FIELDS do
    record[FIELDS[i]] = values[i]
  end
  if record.nonce and #record.nonce > NONCE then
    record.nonce, record.binding = string.sub(record.nonce, 1, NONCE), string.sub(record.nonce, NONCE + 1)
  end
  if record.state == PAIRED then
    record.state = ACTIVE
  end
  move(record.issued_at or 0)
end

local function packed()
  move(-(record.issued_at or 0))
  local values, last = {}, 0
  for i = 1, #FIELDS do
    local value = record[FIELDS[i]]
    if value ~= nil then
      values[i], last = value, i
    end
  end
  if record.binding then
    values[1] = record.nonce .. record.binding
    values[2] = record.state == ACTIVE and PAIRED or record.state
  end
  local bytes = cmsgpack.pack(unpack(values, 1, last))
  move(record.issued_at or 0)
  return bytes
end

local function number(field)
  return record[field] or 0
end

local function count(name)
  if now < number(name .. '_until') then
    return number(name)
  end
  return 0
end

local function put_count(name, value, ends)
  record[name], record[name .. '_until'] = value, ends
end

-- Adds one to a counter. The first addition after its expiry opens a window of that length.
local function one_more(name, length)
  local before = count(name)
  local ends = before == 0 and now + length or number(name .. '_until')
  put_count(name, before + 1, ends)
end

local function forget(name)
  put_count(name, nil, nil)
end

-- Paired and unpaired codes have separate counters and locks: returns the prefix of their fields.
local function kind_of(binding)
  return binding and 'paired_' or ''
end

local function is_disabled(kind)
  return count(kind .. 'consecutive') >= CONSECUTIVE_FAILURES
end

-- When the lock ends; nil if there is none.
local function locked_until(kind)
  local ends = number(kind .. 'lock_until')
  if now < ends then
    return ends
  end
end

-- When the block of a user who repudiated a code ends; nil if there is none.
local function blocked_until()
  local ends = number('blocked_until')
  if now < ends then
    return ends
  end
end

-- Ends the code. A terminal state has no digest to compare with.
local function finish(state)
  record.state, record.digest, record.fence, record.superseded = state, nil, nil, nil
  record.sources, record.exhausted = nil, nil
end

local function is_live(outcome)
  return now < outcome[2] + REPLAY_WINDOW
end

-- The outcome of this attempt: its kind and facts, or `conflict` if the attempt was another request. Then
-- whether it is replayed, or `fresh` for the call that had it, and the stored outcome.
local function recall(attempt, fingerprint)
  for _, known in ipairs(record.outcomes) do
    if known[1] == attempt and is_live(known) then
      if known[3] ~= fingerprint then
        return {'conflict'}, 'replayed', known
      end
      return {unpack(known, 5)}, known[4] == call and 'fresh' or 'replayed', known
    end
  end
end

-- Remembers an outcome. Beyond the allowed failures plus one, drops the least needed one; of equals, the
-- oldest. The newest clearing has a place of its own.
local function remember(attempt, fingerprint, kind, ...)
  local live, clearing, counted = {}, nil, 0
  for _, outcome in ipairs(record.outcomes) do
    if is_live(outcome) and outcome[5] == WAS_CLEARED then
      clearing = outcome
    elseif is_live(outcome) then
      counted = counted + 1
      live[counted] = outcome
    end
  end
  local newest = {attempt, now, fingerprint, call, kind, ...}
  if kind == WAS_CLEARED then
    clearing = newest
  else
    while counted > tonumber(ARGV[8]) do
      local least = 1
      for i = 2, counted do
        if WORTH[live[i][5]] < WORTH[live[least][5]] then
          least = i
        end
      end
      table.remove(live, least)
      counted = counted - 1
    end
    live[counted + 1] = newest
  end
  live[#live + 1] = clearing
  record.outcomes = live
end

-- When everything in the record has expired.
local function dies_at()
  local last = math.max(number('lock_until'), number('failures_until'), number('consecutive_until'),
    number('issues_until'), number('overrides_until'), number('paired_lock_until'),
    number('paired_failures_until'), number('paired_consecutive_until'), number('repudiated_until'),
    number('blocked_until'), number('lifted_until'))
  if record.expires_at then
    last = math.max(last, record.expires_at + TRACE)
  end
  for _, outcome in ipairs(record.outcomes) do
    last = math.max(last, outcome[2] + REPLAY_WINDOW)
  end
  return last
end

if stored then
  read()
  -- Under an injected clock, keys expire later than records: ignore an expired record.
  if ARGV[2] ~= '' and now >= dies_at() then
    record = {outcomes = {}}
  end
  -- A code is forgotten an hour after its expiry, even if a counter keeps the record longer.
  if record.expires_at and now >= record.expires_at + TRACE then
    for _, field in ipairs(CODE) do
      record[field] = nil
    end
  end
end

-- Writes the record with the lifetime of its longest part.
local function save()
  -- A lifetime rather than a time: it is right for the server's clock and for an injected one.
  local left = dies_at() - now
  if left > 0 then
    redis.call('SET', key, packed(), 'PX', text(left))
  else
    redis.call('DEL', key)
  end
end
