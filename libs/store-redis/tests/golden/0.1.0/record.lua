#!lua
-- The record of one user, as libs/codes/src/record specifies it: opens every script on codes.
--
-- KEYS[1]  the record, a string: see `read` and `packed`
-- ARGV[1]  the caller's time, in ms
-- ARGV[2]  the time to live by, in ms, or empty for this server's own
-- ARGV[3]  what to add to the fence: empty but in tests
-- ARGV[4]  this call, which a client may send more than once: it answers the same each time
-- ARGV[5]  `confirmed` if whoever called waits for replicas or a disk before telling; or empty
-- ARGV[6]  attempt, [7] its fingerprint, [8] failed attempts allowed: of all scripts but `describe`
-- Replies begin with a word. `skewed` and the difference in ms: the caller's clock is off.
--
-- code      nonce state kid digest fence failed issued_at expires_at client agent, and superseded: the
--           first bytes of the digest that this one replaced
-- counts    failures, consecutive, issues, overrides, each with _until; lock_until
-- outcomes  a list, the oldest first, of {attempt, had at, fingerprint, call, kind, facts ..}
--
-- What is not there is nil, and so is a count of none. Instants are in ms. The nonce, the digest, the
-- fence, attempts, fingerprints and calls are bytes; the digests among them are HMACs cut to half their
-- length, which RFC 2104, section 5, allows.

local ACTIVE, CONSUMED, BURNED, REVOKED = 1, 2, 3, 4

-- The kinds of outcomes. One that is superseded is of a code that another has replaced. Earlier
-- versions remembered revocations that found nothing; only they write WAS_IDLE.
local WAS_ISSUED, WAS_SUPERSEDED, WAS_ACCEPTED, WAS_DENIED = 1, 2, 3, 4
local WAS_REVOKED, WAS_IDLE, WAS_CLEARED = 5, 6, 7

-- How much a retry needs an outcome of each kind: `Worth` of libs/codes/src/record.
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
local MAX_SKEW = 5000

local key, call = KEYS[1], ARGV[4]
local stored = redis.call('GET', key)

-- A write that changes nothing, for whoever waits to wait for: every path has one, a denial of somebody
-- unknown too. Else a replica that has stopped would confirm those that write nothing.
if ARGV[5] == 'confirmed' then
  if stored then
    redis.call('SET', key, stored, 'KEEPTTL')
  else
    redis.call('SET', key, '')
    redis.call('DEL', key)
  end
end

local function text(number)
  return string.format('%.0f', number)
end

local now
if ARGV[2] == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  now = tonumber(ARGV[2])
end
if math.abs(now - ARGV[1]) > MAX_SKEW then
  return {'skewed', text(math.abs(now - ARGV[1]))}
end

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
  'overrides_until', 'lock_until', 'outcomes', 'superseded',
}

local function read()
  local values = {cmsgpack.unpack(stored)}
  for i = 1, #FIELDS do
    record[FIELDS[i]] = values[i]
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

local function is_disabled()
  return count('consecutive') >= CONSECUTIVE_FAILURES
end

-- When the user's lock ends; nil if the user is not locked.
local function locked_until()
  local ends = number('lock_until')
  if now < ends then
    return ends
  end
end

-- Ends the code: in a terminal state there is nothing to compare with.
local function finish(state)
  record.state, record.digest, record.fence, record.superseded = state, nil, nil, nil
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
    number('issues_until'), number('overrides_until'))
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
