-- Describes the application's notices.
--
-- Replies  backlog <how many wait> <lag, in ms> suspended|effective

local since = redis.call('HGET', notices, 'late_since')
local until_then = redis.call('HGET', notices, 'suspended_until')
local is_suspended = until_then and now < tonumber(until_then)
local lag = since and math.max(now - since, 0) or 0
return {'backlog', text(redis.call('ZCARD', due)), text(lag), is_suspended and 'suspended' or 'effective'}
