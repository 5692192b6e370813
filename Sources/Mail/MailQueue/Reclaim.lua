-- Takes over jobs whose worker has not been heard of for too long.
--
-- KEYS: 1 the mail stream. ARGV: 1 the group; 2 who takes over; 3 for how many ms nothing may have been heard; 4 how many to
-- take at most.
-- Returns for each its entry, its fields and values, and how often it was claimed, this time included.

local wanted = tonumber(ARGV[4])
local cursor, adopted = '0-0', {}
repeat -- One call looks at a part of what is pending only.
  local reply = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], cursor, 'COUNT', wanted - #adopted)
  cursor = reply[1]
  for _, entry in ipairs(reply[2]) do
    entry[3] = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)[1][4]
    adopted[#adopted + 1] = entry
  end
until cursor == '0-0' or #adopted >= wanted
return adopted
