-- Pairs a journey: libs/records/src/record/pairings.rs, transition for transition.
--
-- KEYS[1]  the journey's pairing: {number, its expiry, its source}
-- KEYS[2]  the source's open pairings: {number, its expiry ..}, one after the other
-- KEYS[3..]  the pairing of each candidate number: {binding, expiry, the session's end, facts}
-- ARGV[6]  binding  [7] source  [8] lifetime, in ms  [9] the session's end, in ms  [10] facts  [11..] numbers
-- Replies  paired <number> <expires at, in ms>    too_many <until, in ms>

local PER_SOURCE = 5

if stored then
  local number, ends_at = cmsgpack.unpack(stored)
  if now < ends_at then
    return {'paired', number, text(ends_at)}
  end
end

local open, first, last = {}, math.huge, 0
local known = {cmsgpack.unpack(redis.call('GET', KEYS[2]) or '')}
for i = 1, #known, 2 do
  if now < known[i + 1] then
    open[#open + 1], open[#open + 2] = known[i], known[i + 1]
    first, last = math.min(first, known[i + 1]), math.max(last, known[i + 1])
  end
end
if #open >= 2 * PER_SOURCE then
  return {'too_many', text(first)}
end

local free
first = math.huge
for i = 3, #KEYS do
  local taken = redis.call('GET', KEYS[i])
  local _, ends_at = cmsgpack.unpack(taken or '')
  if not taken or now >= ends_at then
    free = i
    break
  end
  first = math.min(first, ends_at)
end
if not free then
  return {'too_many', text(first)}
end

local number, ends_at = ARGV[8 + free], now + ARGV[8]
open[#open + 1], open[#open + 2] = number, ends_at
redis.call('SET', KEYS[1], cmsgpack.pack(number, ends_at, ARGV[7]), 'PX', ARGV[8])
redis.call('SET', KEYS[2], cmsgpack.pack(unpack(open)), 'PX', text(math.max(last, ends_at) - now))
redis.call('SET', KEYS[free], cmsgpack.pack(ARGV[6], ends_at, tonumber(ARGV[9]), ARGV[10]), 'PX', ARGV[8])
return {'paired', number, text(ends_at)}
