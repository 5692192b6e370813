-- Claims jobs of consumers that have been idle for too long.
--
-- KEYS: 1 the mail stream.
-- ARGV: 1 the consumer group; 2 the consumer that claims; 3 the minimum idle time in ms; 4 the maximum number of jobs.
-- Returns an array with one element for each job: the entry's id, its fields and values, and the number of times that
-- it was claimed, this time included.

local limit = tonumber(ARGV[4])
local cursor, reclaimed = '0-0', {}
repeat -- One call scans only part of the pending entries.
  local reply = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], cursor, 'COUNT', limit - #reclaimed)
  cursor = reply[1]
  for _, entry in ipairs(reply[2]) do
    entry[3] = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)[1][4]
    reclaimed[#reclaimed + 1] = entry
  end
until cursor == '0-0' or #reclaimed >= limit
return reclaimed
