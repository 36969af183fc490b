-- Sets or lifts a brake or a freeze: libs/desk/src/book/stops.rs, transition for transition.
--
-- KEYS[1]  brakes and frozen agents: {{name, end} .., call, answer}, by which a call sent again is known
-- KEYS[2]  of a freeze: issues by the agent in their window, which a lift ends
-- ARGV[6] brake, or lift  [7] `application`, `group:<name>`, `agent:<name>` or `frozen:<name>`
-- ARGV[8] of a brake: how long, in ms
-- Replies  changed    same

-- A client sends a call again within this time.
local RESENT = 60000

local value = kept(key) or {}
if value[2] == call then
  return {value[3]}
end
local stops = live(value[1])
local ends, at = find(stops, ARGV[7])
local answer = 'same'
if ARGV[6] == 'brake' and (not ends or ends < now + ARGV[8]) then
  stops[at or #stops + 1] = {ARGV[7], now + ARGV[8]}
  answer = 'changed'
elseif ARGV[6] == 'lift' and at then
  table.remove(stops, at)
  if KEYS[2] then
    redis.call('DEL', KEYS[2])
  end
  answer = 'changed'
end
if answer == 'changed' then
  local _, last = ends_of(stops)
  keep(key, {stops, call, answer}, math.max(last, now + RESENT))
end
return {answer}
