-- The record of one user, as libs/records/src/record specifies it: opens every script on codes.
--
-- KEYS[1]  the record, a string: see `read` and `packed`
-- ARGV[6]  attempt, [7] its fingerprint, [8] failed attempts allowed: of all scripts but `describe`
--
-- code      nonce state kid digest fence failed issued_at expires_at client agent; superseded: the first
--           bytes of the digest that this one replaced; binding: the journey of a paired code; sources and
--           exhausted: 4 bytes for each failure of a source, and for each that used its attempts
-- counts    failures, consecutive, issues, overrides, each with _until; lock_until
--           of paired codes: paired_failures, paired_consecutive, paired_lock_until
-- outcomes  a list, the oldest first, of {attempt, had at, fingerprint, call, kind, facts ..}
--
-- What is not there is nil, and so is a count of none. Instants are in ms. The nonce, the digest, the
-- fence, attempts, fingerprints and calls are bytes; the digests among them are HMACs cut to half their
-- length, which RFC 2104, section 5, allows.

local ACTIVE, CONSUMED, BURNED, REVOKED = 1, 2, 3, 4

-- What is stored for ACTIVE where the code is paired. Versions that do not know it see no active code.
local PAIRED = 5

-- The kinds of outcomes. One that is superseded is of a code that another has replaced. Earlier
-- versions remembered revocations that found nothing; only they write WAS_IDLE.
local WAS_ISSUED, WAS_SUPERSEDED, WAS_ACCEPTED, WAS_DENIED = 1, 2, 3, 4
local WAS_REVOKED, WAS_IDLE, WAS_CLEARED = 5, 6, 7

-- How much a retry needs an outcome of each kind: `Worth` of libs/records/src/record.
local WORTH = {
  [WAS_SUPERSEDED] = 0, [WAS_IDLE] = 0, [WAS_DENIED] = 1, [WAS_ISSUED] = 2, [WAS_REVOKED] = 2,
  [WAS_CLEARED] = 2, [WAS_ACCEPTED] = 3,
}

local REPLAY_WINDOW = 120000
local TRACE = 3600000
local HOUR = 3600000
local DAY = 24 * HOUR
local CONSECUTIVE_MEMORY = 30 * DAY
local DISABLED_MEMORY = 3650 * DAY
local CONSECUTIVE_FAILURES = 100

local record = {outcomes = {}}

-- Moves every instant but `issued_at`. Stored ones count from it, or from the epoch where there is no
-- code: that makes them short.
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
  for _, outcome in ipairs(it.outcomes) do
    outcome[2] = outcome[2] + by
  end
end

-- What is stored: these fields in this order, each as MessagePack has it, a nil too. Nils at the end are
-- left out, and fields that are not known here are not read: a new version may add fields at the end, at
-- no cost to records that lack them.
local FIELDS = {
  'nonce', 'state', 'kid', 'digest', 'fence', 'failed', 'issued_at', 'expires_at', 'client', 'agent',
  'issues', 'issues_until', 'failures', 'failures_until', 'consecutive', 'consecutive_until', 'overrides',
  'overrides_until', 'lock_until', 'outcomes', 'superseded', 'sources', 'exhausted', 'paired_failures',
  'paired_failures_until', 'paired_consecutive', 'paired_consecutive_until', 'paired_lock_until',
}

-- The fields of the code.
local CODE = {
  'nonce', 'state', 'kid', 'digest', 'fence', 'failed', 'issued_at', 'expires_at', 'client', 'agent',
  'superseded', 'binding', 'sources', 'exhausted',
}

-- A binding is stored behind the nonce, not as a field: versions that do not know it keep it wherever
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

-- One more in the present window; the first one opens a window of that length.
local function one_more(name, length)
  local before = count(name)
  local ends = before == 0 and now + length or number(name .. '_until')
  put_count(name, before + 1, ends)
end

local function forget(name)
  put_count(name, nil, nil)
end

-- Failures at paired codes and at unpaired ones have counts and a lock of their own: this is what the
-- names of those fields begin with.
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

-- Ends the code: in a terminal state there is nothing to compare with.
local function finish(state)
  record.state, record.digest, record.fence, record.superseded = state, nil, nil, nil
  record.sources, record.exhausted = nil, nil
end

local function is_live(outcome)
  return now < outcome[2] + REPLAY_WINDOW
end

-- The outcome that this attempt had: its kind and its facts; `conflict` if it stood for another
-- request. Then whether it is seen again, `fresh` for the very call that had it, and what is remembered.
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

-- Remembers an outcome, and forgets the least needed ones beyond one more than the failed attempts
-- allowed, of equals the oldest.
local function remember(attempt, fingerprint, ...)
  local live = {}
  for _, outcome in ipairs(record.outcomes) do
    if is_live(outcome) then
      live[#live + 1] = outcome
    end
  end
  while #live > tonumber(ARGV[8]) do
    local least = 1
    for i = 2, #live do
      if WORTH[live[i][5]] < WORTH[live[least][5]] then
        least = i
      end
    end
    table.remove(live, least)
  end
  live[#live + 1] = {attempt, now, fingerprint, call, ...}
  record.outcomes = live
end

-- The primary that this is, from one start or promotion to the next: each begins a history of its own,
-- under an id that it draws. Only its replicas have that id too, and they issue and verify nothing, not
-- even where somebody has made them writable. Sixteen of the forty hexadecimal digits tell it from others.
local function fence()
  local info = redis.call('INFO', 'replication')
  if not string.find(info, '\nrole:master', 1, true) then
    error({err = 'READONLY this is a replica'})
  end
  local _, last = string.find(info, '\nmaster_replid:', 1, true)
  return string.sub(ARGV[3] .. string.sub(info, last + 1, last + 16), 1, 16)
end

-- When nothing in the record matters any more.
local function dies_at()
  local last = math.max(number('lock_until'), number('failures_until'), number('consecutive_until'),
    number('issues_until'), number('overrides_until'), number('paired_lock_until'),
    number('paired_failures_until'), number('paired_consecutive_until'))
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
  -- Under an injected clock a record's end comes without its expiry: the dead are not seen.
  if ARGV[2] ~= '' and now >= dies_at() then
    record = {outcomes = {}}
  end
  -- A code is forgotten with its traces, however long a count keeps the record.
  if record.expires_at and now >= record.expires_at + TRACE then
    for _, field in ipairs(CODE) do
      record[field] = nil
    end
  end
end

-- Writes the record, for as long as it matters.
local function save()
  -- A lifetime, not an instant: it is right by the server's clock and by an injected one.
  local left = dies_at() - now
  if left > 0 then
    redis.call('SET', key, packed(), 'PX', text(left))
  else
    redis.call('DEL', key)
  end
end
