-- The book of one application's desk: opens every script on desks. libs/desk/src/book is the
-- specification. Every value is an array in MessagePack, of what is kept and when it ends, in ms.

local HOUR = 3600000
local DAY = 24 * HOUR

-- Under an injected clock, keys expire later than their values: an expired value is ignored.
local function kept(name)
  local packed = redis.call('GET', name)
  local value, ends
  if packed then
    value, ends = cmsgpack.unpack(packed)
  end
  if value and now < ends then
    return value, ends
  end
end

local function keep(name, value, ends)
  redis.call('SET', name, cmsgpack.pack(value, ends), 'PX', text(ends - now))
end

-- A list of {name, end}: what is live of it.
local function live(list)
  local found = {}
  for _, entry in ipairs(list or {}) do
    if now < entry[2] then
      found[#found + 1] = entry
    end
  end
  return found
end

-- The end of an entry, and where it is.
local function find(list, name)
  for at, entry in ipairs(list) do
    if entry[1] == name then
      return entry[2], at
    end
  end
end

-- The first end and the last.
local function ends_of(list)
  local first, last = math.huge, 0
  for _, entry in ipairs(list) do
    first, last = math.min(first, entry[2]), math.max(last, entry[2])
  end
  return first, last
end
