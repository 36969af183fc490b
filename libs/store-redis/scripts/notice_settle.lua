-- Ends an attempt to deliver.
--
-- ARGV[2] ID  [3] the attempt's number  [4] delivered, failed or dead  [5] the pause after a failure, in ms
-- Replies  settled

local id, settlement = ARGV[2], ARGV[4]

if settlement == 'failed' then
  local held = redis.call('HGET', notices, id)
  local _, attempts = cmsgpack.unpack(held or '')
  if attempts == tonumber(ARGV[3]) then
    redis.call('ZADD', due, text(now + ARGV[5]), id)
    if attempts == 1 then
      is_late_from_now()
    end
  end
  return {'settled'}
end

redis.call('HDEL', notices, id)
redis.call('ZREM', due, id)
if settlement == 'delivered' or redis.call('ZCARD', due) == 0 then
  redis.call('HDEL', notices, 'late_since')
end
return {'settled'}
