-- The wrong codes of one recipient: functions for the scripts that count them, and forget them after a sign-in.
-- Buckets.lua, Links.lua and this text are prepended to each of them.
--
-- The value of a recipient's key holds 8 bytes with the time at which the key expires, in microseconds, and then, for
-- each network from which a code was requested, one byte with its length, the network, and 2 bytes with the number of
-- wrong codes. They are counted by the network that requested the code, so that a stranger who requests codes for an
-- address and guesses them does not keep its owner from using a code.

-- Returns the number of wrong codes on codes that a network requested, that on all codes, and the counts of all networks
-- by their names.
local function tries_in(value, network)
  local counts, total, offset = {}, 0, 9
  while value and offset <= #value do
    local start = offset + string.byte(value, offset) + 1
    local count = struct.unpack('>I2', value, start)
    counts[string.sub(value, offset + 1, start - 1)] = count
    total = total + count
    offset = start + 2
  end
  return counts[network] or 0, total, counts
end

-- Stores counts in place of the value `former`, which is false if there is none, for as long as that or for a lifetime
-- in ms.
local function put_tries(key, former, counts, lifetime)
  local expiry = former and struct.unpack('>I8', former) or now + lifetime * 1000
  local parts = { struct.pack('>I8', expiry) }
  for network, count in pairs(counts) do
    parts[#parts + 1] = string.char(#network) .. network .. struct.pack('>I2', count)
  end
  put(key, former, table.concat(parts), 'PXAT', string.format('%.0f', math.ceil(expiry / 1000)))
end
