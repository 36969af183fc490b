-- The brakes and frozen agents: `stops` of libs/desk/src/book.
--
-- KEYS[1]  see desk_stop.lua
-- Replies  stops, then name and end, in ms, of each

local reply = {'stops'}
for _, entry in ipairs(live((kept(key) or {})[1])) do
  reply[#reply + 1] = entry[1]
  reply[#reply + 1] = text(entry[2])
end
return reply
