-- One request for approval: `request` of libs/desk/src/book.
--
-- KEYS[1]  see KEYS[8] of desk_admit.lua
-- Replies  request <cause> <its end, in ms> <body>    none

local request = kept(key)
if not request then
  return {'none'}
end
return {'request', request[3], text(request[4]), request[5]}
