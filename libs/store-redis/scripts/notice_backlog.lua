-- Describes the application's notices.
--
-- Replies  backlog <how many wait> <lag, in ms> <end of the suspension, in ms, or ->

local since = redis.call('HGET', notices, 'late_since')
local suspended_until = redis.call('HGET', notices, 'suspended_until')
local is_suspended = suspended_until and now < tonumber(suspended_until)
local lag = since and math.max(now - since, 0) or 0
return {'backlog', text(redis.call('ZCARD', due)), text(lag), is_suspended and suspended_until or '-'}
