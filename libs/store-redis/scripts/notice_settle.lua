-- Ends an attempt to deliver.
--
-- ARGV[2] ID  [3] the attempt's number  [4] delivered, failed or dead  [5] the pause after a failure, or how long a
--         dead letter counts, in ms
-- Replies  settled

local id, attempt, settlement = ARGV[2], tonumber(ARGV[3]), ARGV[4]

local function note_failure()
  if attempt == 1 then
    is_late_from_now()
  end
end

if settlement == 'failed' then
  local held = redis.call('HGET', notices, id)
  local _, attempts = cmsgpack.unpack(held or '')
  if attempts == attempt then
    redis.call('ZADD', due, text(now + ARGV[5]), id)
    note_failure()
  end
  return {'settled'}
end

local is_ours = redis.call('HDEL', notices, id) == 1
redis.call('ZREM', due, id)
if settlement == 'delivered' then
  redis.call('HDEL', notices, 'late_since', 'late_until')
elseif is_ours then
  redis.call('HSET', notices, 'late_until', text(now + ARGV[5]))
  note_failure()
  keep()
end
return {'settled'}
