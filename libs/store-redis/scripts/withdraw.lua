-- Ends the pairing of a journey: libs/records/src/record/pairings.rs.
--
-- KEYS[1]  the journey's pairing, see pair.lua. The keys of its number and its source are derived from it;
--          they are in the same slot
-- Replies  withdrawn

local number, ends_at, source = cmsgpack.unpack(stored or '')
if stored and now < ends_at then
  local user = string.match(key, '^[^}]*}')
  redis.call('DEL', key, user .. ':n:' .. number)
  source = user .. ':s:' .. source
  local known = {cmsgpack.unpack(redis.call('GET', source) or '')}
  local open = {}
  for i = 1, #known, 2 do
    if known[i] ~= number then
      open[#open + 1], open[#open + 2] = known[i], known[i + 1]
    end
  end
  if #open > 0 then
    redis.call('SET', source, cmsgpack.pack(unpack(open)), 'KEEPTTL')
  else
    redis.call('DEL', source)
  end
end
return {'withdrawn'}
