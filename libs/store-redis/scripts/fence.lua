-- The prelude of the scripts that issue a code or redeem one.

-- Identifies this primary from its start or promotion on, when it draws a replication ID. Only its replicas
-- have the same ID, and they never issue or verify, even if someone has made them writable. Sixteen of the
-- forty hexadecimal digits are enough to tell it from others. Records of paired codes hold them as eight
-- bytes; the previous release, which compares the digits, does not compare the fence of a paired code.
local function fence(as_bytes)
  local info = redis.call('INFO', 'replication')
  if not string.find(info, '\nrole:master', 1, true) then
    error({err = 'READONLY this is a replica'})
  end
  local _, last = string.find(info, '\nmaster_replid:', 1, true)
  local digits = string.sub(ARGV[3] .. string.sub(info, last + 1, last + 16), 1, 16)
  if as_bytes then
    return struct.pack('>I4I4', tonumber(string.sub(digits, 1, 8), 16), tonumber(string.sub(digits, 9), 16))
  end
  return digits
end

