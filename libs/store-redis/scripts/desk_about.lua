-- What an issue is about: opens the scripts that look at its facts.
--
-- KEYS[2]  brakes and frozen agents: {{name, end} .., call, answer}, see desk_stop.lua
-- KEYS[3]  issues for the user in their window  [4] by the agent  [5] by the agent's group
-- KEYS[6]  the ticket: the user whom it belongs to
-- ARGV[6] agent or empty  [7] group or empty  [8] user  [9] `once` if the ticket must be the user's; or empty

local agent, group, subject = ARGV[6], ARGV[7], ARGV[8]
local stops = live((kept(KEYS[2]) or {})[1])

-- The brake that stops the issue and its end; the widest if there are several.
local function brake()
  for _, name in ipairs({'application', 'group:' .. group, 'agent:' .. agent}) do
    local ends = find(stops, name)
    if ends then
      return name, ends
    end
  end
end

local is_frozen = find(stops, 'frozen:' .. agent) ~= nil

local owner = ARGV[9] == 'once' and kept(KEYS[6])
local ticket_is_taken = owner and owner ~= subject

-- The issues in a window, and its end.
local function counted(name)
  local number, ends = kept(name)
  return number or 0, ends or 0
end
