#!lua
-- The record of one user, as libs/codes/src/record specifies it: opens every script on codes.
--
-- KEYS[1]  the record, a hash; see the fields below
-- ARGV[1]  the caller's time, in ms
-- ARGV[2]  the time to live by, in ms, or empty for this server's own
-- ARGV[3]  what to add to the fence: empty but in tests
-- ARGV[4]  this call, which a client may send more than once: it answers the same each time
-- ARGV[5]  `confirmed` if whoever called waits for replicas or a disk before telling; or empty
-- Replies begin with a word. `skewed` and the difference in ms: the caller's clock is off.
--
-- code      nonce state (active consumed burned revoked) kid digest fence failed
--           issued_at expires_at client agent
-- counts    failures, consecutive, issues, overrides, each with _until; lock_until
-- outcomes  o:<attempt> = "<until> <fingerprint> <call> <word> <facts>"

local REPLAY_WINDOW = 120000
local TRACE = 3600000
local HOUR = 3600000
local DAY = 24 * HOUR
local CONSECUTIVE_MEMORY = 30 * DAY
local DISABLED_MEMORY = 3650 * DAY
local CONSECUTIVE_FAILURES = 100
local MAX_SKEW = 5000

local key, call = KEYS[1], ARGV[4]

-- A write that leaves nothing, for whoever waits to wait for: every path has one, a denial of somebody
-- unknown too. Else a replica that has stopped would confirm those that write nothing.
if ARGV[5] == 'confirmed' then
  redis.call('HSET', key, 'confirmed', '')
  redis.call('HDEL', key, 'confirmed')
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

local record = {}
do
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    record[fields[i]] = fields[i + 1]
  end
end

local function number(field)
  return tonumber(record[field] or 0)
end

-- Sets a field, or removes it where the value is nil.
local set, removed = {}, {}
local function put(field, value)
  record[field] = value
  if value == nil then
    removed[#removed + 1] = field
  else
    set[#set + 1] = field
    set[#set + 1] = value
  end
end

local function count(name)
  if now < number(name .. '_until') then
    return number(name)
  end
  return 0
end

local function put_count(name, value, ends)
  put(name, text(value))
  put(name .. '_until', text(ends))
end

-- One more in the present window; the first one opens a window of that length.
local function one_more(name, length)
  local before = count(name)
  local ends = before == 0 and now + length or number(name .. '_until')
  put_count(name, before + 1, ends)
end

local function forget(name)
  put(name, nil)
  put(name .. '_until', nil)
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

-- The outcome that this attempt had, as words; `conflict` if it stood for another request. Then
-- whether it is seen again: `fresh` for the very call that had it.
local function recall(attempt, fingerprint)
  local known = record['o:' .. attempt]
  if not known then
    return nil
  end
  local words = {}
  for word in string.gmatch(known, '%S+') do
    words[#words + 1] = word
  end
  if now >= tonumber(words[1]) then
    return nil
  end
  if words[2] ~= fingerprint then
    return {'conflict'}, 'replayed'
  end
  return {unpack(words, 4)}, words[3] == call and 'fresh' or 'replayed'
end

local function remember(attempt, fingerprint, outcome)
  for field, value in pairs(record) do
    if string.sub(field, 1, 2) == 'o:' and now >= tonumber(string.match(value, '^%d+')) then
      put(field, nil)
    end
  end
  local words = {text(now + REPLAY_WINDOW), fingerprint, call, outcome}
  put('o:' .. attempt, table.concat(words, ' '))
end

-- The primary that this is, from one start or promotion to the next.
local function fence()
  local info = redis.call('INFO', 'server', 'replication')
  local process, history = string.match(info, 'run_id:(%x+)'), string.match(info, 'master_replid:(%x+)')
  -- Half as long as the two, in every record.
  return string.sub(redis.sha1hex(process .. history .. ARGV[3]), 1, 32)
end

-- When nothing in the record matters any more.
local function dies_at()
  local last = math.max(number('lock_until'), 0)
  for _, name in ipairs({'failures', 'consecutive', 'issues', 'overrides'}) do
    last = math.max(last, number(name .. '_until'))
  end
  if record.expires_at then
    last = math.max(last, number('expires_at') + TRACE)
  end
  for field, value in pairs(record) do
    if string.sub(field, 1, 2) == 'o:' then
      last = math.max(last, tonumber(string.match(value, '^%d+')))
    end
  end
  return last
end

-- Under an injected clock a record's end comes without its expiry: the dead are not seen.
if ARGV[2] ~= '' and now >= dies_at() then
  for field in pairs(record) do
    removed[#removed + 1] = field
  end
  record = {}
end

-- Writes what has changed.
local function save()
  if #removed > 0 then
    redis.call('HDEL', key, unpack(removed))
  end
  if #set > 0 then
    redis.call('HSET', key, unpack(set))
  end
  -- A lifetime, not an instant: it is right by the server's clock and by an injected one.
  redis.call('PEXPIRE', key, text(dies_at() - now))
end
