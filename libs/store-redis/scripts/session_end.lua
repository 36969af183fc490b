-- Deletes a session.
--
-- Replies  ended

redis.call('DEL', key)
return {'ended'}
