-- Reads a session. Changes nothing.
--
-- Replies  loaded <version> <body>    gone

local found = session()
if not found then
  return {'gone'}
end
return {'loaded', found.version, found.body}
