-- Finds a pairing by its number: libs/records/src/record/pairings.rs. Changes nothing.
--
-- KEYS[1]  the number's pairing, see pair.lua
-- Replies  pairing <binding> <expires at, in ms> <the session's end, in ms> <facts>    none

if stored then
  local binding, ends_at, session_ends_at, facts = cmsgpack.unpack(stored)
  if now < ends_at then
    return {'pairing', binding, text(ends_at), text(session_ends_at), facts}
  end
end
return {'none'}
