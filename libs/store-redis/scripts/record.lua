-- The record of one user, as specified in libs/records/src/record: the prelude of every script on codes.
--
-- KEYS[1]  the record, a string: the fields below in this order, each as MessagePack
-- ARGV[6]  attempt, [7] its fingerprint, [8] allowed failures: in `issue`, `verify`, `revoke` and
--          `clear_lockout`
--
-- An absent field is nil, and a counter of zero is nil too. Trailing nils are left out, and unknown trailing
-- fields are ignored: a new version may append fields, at no cost to records without them. The nonce, the
-- digest, the fence, attempts, fingerprints and calls are bytes. Digests are HMACs truncated to half their
-- length, as RFC 2104, section 5, allows.
--
-- Each script compiles no closure and fills no table that it can do without: on Redis' one thread, they cost
-- more than the commands. So fields have numbers instead of names.

-- The code. The first 12 bytes of the binding of a paired code, 96 bits of a hash, follow the nonce.
local NONCE, STATE, KID, DIGEST, FENCE, FAILED = 1, 2, 3, 4, 5, 6
local ISSUED_AT, EXPIRES_AT, CLIENT, AGENT = 7, 8, 9, 10

-- Counters. The field after each is its end. `count_for` has the others: failures 13 and consecutive
-- failures 15 at unpaired codes, 24 and 26 at paired ones. 19 and 28 are the ends of their locks.
local ISSUES, OVERRIDES = 11, 17

-- A list, the oldest first, of {attempt, time, fingerprint, call, kind, facts ..}.
local OUTCOMES = 20

-- More of the code: the first bytes of the digest that it replaced; 4 bytes for each failure of a source;
-- 4 bytes for each source without attempts.
local SUPERSEDED, SOURCES, EXHAUSTED = 21, 22, 23

-- The nonces of the codes that the user repudiated, and until when; the end of the block, and of the day
-- after a lift; the last call that changed one of these, then the nonce of the other code that it ended.
local REPUDIATED, REPUDIATED_UNTIL, BLOCKED_UNTIL, LIFTED_UNTIL, DESK_CALL = 29, 30, 31, 32, 33

-- The fields that are times, without `issued_at`. They count, in ms, from `issued_at`, or from the epoch if
-- that is absent: so they are short. So do the times of outcomes.
local ENDS = {EXPIRES_AT, 12, 14, 16, 18, 19, 25, 27, 28, REPUDIATED_UNTIL, BLOCKED_UNTIL, LIFTED_UNTIL}

-- PAIRED: active and paired. Versions before pairing see no active code.
local ACTIVE, CONSUMED, BURNED, REVOKED, PAIRED = 1, 2, 3, 4, 5

-- The kinds of outcomes. WAS_SUPERSEDED: the issue of a code that a later issue replaced. WAS_IDLE is only
-- read: earlier versions wrote it for revocations that found nothing.
local WAS_ISSUED, WAS_SUPERSEDED, WAS_ACCEPTED, WAS_DENIED = 1, 2, 3, 4
local WAS_REVOKED, WAS_IDLE, WAS_CLEARED = 5, 6, 7

local REPLAY_WINDOW = 120000
local TRACE = 3600000
local HOUR = 3600000
local DAY = 24 * HOUR
local CONSECUTIVE_MEMORY = 30 * DAY
local DISABLED_MEMORY = 3650 * DAY
local CONSECUTIVE_FAILURES = 100

local record = stored and {cmsgpack.unpack(stored)} or {[OUTCOMES] = {}}

-- The time from which times count, and the present time as counted from it.
local origin = record[ISSUED_AT] or 0
local at = now - origin

-- Paired and unpaired codes have counters and locks of their own: the fields of one kind.
local failures, consecutive, lock_until
local function count_for(paired)
  if paired then
    failures, consecutive, lock_until = 24, 26, 28
  else
    failures, consecutive, lock_until = 13, 15, 19
  end
end

local function count(counter)
  local ends = record[counter + 1]
  return ends and at < ends and record[counter] or 0
end

-- Adds one to a counter. The first addition after its expiry opens a window of that length.
local function one_more(counter, length)
  local before = count(counter)
  record[counter] = before + 1
  record[counter + 1] = before == 0 and at + length or record[counter + 1]
end

-- The time in a field; nil if it has passed.
local function future(field)
  local ends = record[field]
  return ends and at < ends and ends or nil
end

-- Ends the code. A terminal state has no digest to compare with.
local function finish(state)
  record[STATE], record[DIGEST], record[FENCE], record[SUPERSEDED] = state, nil, nil, nil
  record[SOURCES], record[EXHAUSTED] = nil, nil
end

-- Remembers an outcome. Beyond the allowed failures plus one, drops the least needed one; of equals, the
-- oldest. The newest clearing has a place of its own.
local function remember(kind, ...)
  local outcomes, others = record[OUTCOMES], 0
  for i = #outcomes, 1, -1 do
    local clears = outcomes[i][5] == WAS_CLEARED
    if at >= outcomes[i][2] + REPLAY_WINDOW or clears and kind == WAS_CLEARED then
      table.remove(outcomes, i)
    elseif not clears then
      others = others + 1
    end
  end
  while kind ~= WAS_CLEARED and others > tonumber(ARGV[8]) do
    -- How much a retry needs an outcome of each kind: `Worth` of libs/records/src/record.
    local worth, least = {2, 0, 3, 1, 2, 0, 4}, 1
    for i = 2, #outcomes do
      if worth[outcomes[i][5]] < worth[outcomes[least][5]] then
        least = i
      end
    end
    table.remove(outcomes, least)
    others = others - 1
  end
  outcomes[#outcomes + 1] = {ARGV[6], at, ARGV[7], call, kind, ...}
end

-- When everything in the record has expired.
local function dies_at()
  local last = record[EXPIRES_AT] and record[EXPIRES_AT] + TRACE or 0
  -- All but EXPIRES_AT, to which the trace is added.
  for i = 2, #ENDS do
    local ends = record[ENDS[i]]
    last = ends and ends > last and ends or last
  end
  for _, outcome in ipairs(record[OUTCOMES]) do
    last = math.max(last, outcome[2] + REPLAY_WINDOW)
  end
  return last
end

local function packed()
  -- DESK_CALL is the last field.
  local last = DESK_CALL
  while record[last] == nil do
    last = last - 1
  end
  return cmsgpack.pack(unpack(record, 1, last))
end

-- Writes the record with the lifetime of its longest part.
local function save()
  -- A lifetime rather than a time: it is right for the server's clock and for an injected one.
  local left = dies_at() - at
  if left > 0 then
    redis.call('SET', key, packed(), 'PX', left)
  else
    redis.call('DEL', key)
  end
end

-- Under an injected clock, keys expire later than records: ignore an expired record.
if ARGV[2] ~= '' and stored and at >= dies_at() then
  record, origin, at = {[OUTCOMES] = {}}, 0, now
end
-- A code is forgotten an hour after its expiry, even if a counter keeps the record longer. The times of the
-- record still count from its issue.
if record[EXPIRES_AT] and at >= record[EXPIRES_AT] + TRACE then
  for field = NONCE, AGENT do
    record[field] = field == ISSUED_AT and origin or nil
  end
  record[SUPERSEDED], record[SOURCES], record[EXHAUSTED] = nil, nil, nil
end

local nonce, binding
if record[NONCE] then
  nonce = string.sub(record[NONCE], 1, 16)
  binding = #record[NONCE] > 16 and string.sub(record[NONCE], 17) or nil
end
count_for(binding)

local is_active = record[STATE] == ACTIVE or record[STATE] == PAIRED
local is_redeemable = is_active and at < record[EXPIRES_AT]

-- The outcome of this attempt. Then `conflict` if the attempt was another request; `fresh` for the call
-- that had the outcome; or `replayed`.
local known, again
for _, outcome in ipairs(record[OUTCOMES]) do
  if outcome[1] == ARGV[6] and at < outcome[2] + REPLAY_WINDOW then
    known = outcome
    again = known[3] ~= ARGV[7] and 'conflict' or known[4] == call and 'fresh' or 'replayed'
    break
  end
end
