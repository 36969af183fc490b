-- The requests that wait for approval: `requests` of libs/desk/src/book.
--
-- KEYS[1]  see KEYS[7] of desk_admit.lua
-- Replies  requests <id> ..

local reply = {'requests'}
for _, entry in ipairs(live(kept(key))) do
  reply[#reply + 1] = entry[1]
end
return reply
