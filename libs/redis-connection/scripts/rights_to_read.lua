#!lua flags=no-writes
-- Reads a key, for services that may not run rights.lua.
--
-- KEYS[1]  a key that nothing else uses
-- Replies with the names of the commands that this user may not run

local reply = redis.pcall('GET', KEYS[1])
return type(reply) == 'table' and reply.err and {'GET'} or {}
