-- The facts about an issue: `facts` of libs/desk/src/book.
--
-- Replies  facts <brake's name, or -> <until, in ms> frozen|free taken|free, then number and end, in ms, of
--          the windows of the user, the agent and the group

local name, ends = brake()
local reply = {
  'facts', name or '-', text(ends or 0), is_frozen and 'frozen' or 'free',
  ticket_is_taken and 'taken' or 'free',
}
for at = 3, 5 do
  local number, window_ends = counted(KEYS[at])
  reply[#reply + 1] = text(number)
  reply[#reply + 1] = text(window_ends)
end
return reply
