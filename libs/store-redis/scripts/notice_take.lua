-- Takes notices that are due, the longest due first.
--
-- ARGV[2] the most  [3] how long each is hidden from others, in ms
-- Replies  taken {<ID> <sealed notice> <attempts> <written at, in ms> <age, in ms>} ..

local reply = {'taken'}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', text(now), 'LIMIT', 0, ARGV[2])) do
  local written_at, attempts, sealed = cmsgpack.unpack(redis.call('HGET', notices, id))
  attempts = attempts + 1
  redis.call('HSET', notices, id, cmsgpack.pack(written_at, attempts, sealed))
  redis.call('ZADD', due, text(now + ARGV[3]), id)
  for _, word in ipairs({id, sealed, text(attempts), text(written_at), text(math.max(now - written_at, 0))}) do
    reply[#reply + 1] = word
  end
end
return reply
