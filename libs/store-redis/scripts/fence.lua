-- The prelude of the scripts that issue a code or redeem one.

-- Identifies this primary from its start or promotion on, when it draws a replication ID. Only its replicas
-- have the same ID, and they never issue or verify, even if someone has made them writable. Sixteen of the
-- forty hexadecimal digits are enough to tell it from others.
local function fence()
  local info = redis.call('INFO', 'replication')
  if not string.find(info, '\nrole:master', 1, true) then
    error({err = 'READONLY this is a replica'})
  end
  local _, last = string.find(info, '\nmaster_replid:', 1, true)
  return string.sub(ARGV[3] .. string.sub(info, last + 1, last + 16), 1, 16)
end

