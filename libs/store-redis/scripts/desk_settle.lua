-- Notes that a code is about to be returned: `settle` of libs/desk/src/book.
--
-- KEYS[1]  the admission, or the request that the issue collects: see desk_admit.lua
-- ARGV[6] attempt  [7] its fingerprint  [8] `collect`, or empty for an admission
-- Replies  settled

local value, ends = kept(key)
if value and ARGV[8] == 'collect' and value[8] == ARGV[6] then
  value[9] = true
  keep(key, value, ends)
elseif value and ARGV[8] == '' and value[1] == ARGV[7] then
  value[3] = true
  keep(key, value, ends)
end
return {'settled'}
