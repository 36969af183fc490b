#!lua
-- Tries the commands of the other scripts on a key of its own, and leaves no key behind.
--
-- KEYS[1]  a key that nothing else uses
-- ARGV[1]  codes, desks, journeys or notices: which scripts' commands to try
-- Replies with the names of the commands that this user may not run

local key = KEYS[1]
local commands = {
  codes = {
    {'TIME'}, {'INFO', 'replication'}, {'SET', key, 'a', 'NX', 'GET', 'PX', '1000'}, {'GET', key},
    {'DEL', key},
  },
  desks = {
    {'TIME'}, {'SET', key, 'a', 'PX', '1000'}, {'GET', key}, {'DEL', key},
  },
  notices = {
    {'TIME'}, {'HSETNX', key, 'a', '1'}, {'HSET', key, 'a', '1'}, {'HGET', key, 'a'}, {'HDEL', key, 'a'},
    {'ZADD', key, '1', 'a'}, {'ZRANGEBYSCORE', key, '0', '1'}, {'ZCARD', key}, {'PEXPIRE', key, '1000'},
    {'ZREM', key, 'a'},
  },
  journeys = {
    {'TIME'}, {'SET', key, 'a', 'NX', 'GET', 'PX', '1000'}, {'GET', key}, {'DEL', key}, {'HSET', key, 'a', '1'}, {'PEXPIRE', key, '1000'}, {'HMGET', key, 'a'}, {'DEL', key},
  },
}

local refused = {}
for _, command in ipairs(commands[ARGV[1]]) do
  local reply = redis.pcall(unpack(command))
  if type(reply) == 'table' and reply.err then
    refused[#refused + 1] = command[1]
  end
end
return refused
