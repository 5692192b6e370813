-- Claims jobs of consumers that have been idle for too long.
--
-- KEYS  stream     the stream
-- ARGV  group      the consumer group
--       consumer   the consumer that claims
--       idle_time  the minimum idle time in ms
--       count      the maximum number of jobs
-- Stops early if the jobs have more than 4 MB, as Claim.lua does.
-- Returns an array with one element for each job: the entry's id, its fields and values, and the number of times that
-- it was claimed, this time included.

local stream = unpack(KEYS)
local group, consumer, idle_time, count = unpack(ARGV)

local limit = tonumber(count)
local cursor, reclaimed, size = '0-0', {}, 0
repeat -- One call scans only part of the pending entries.
  local reply = redis.call('XAUTOCLAIM', stream, group, consumer, idle_time, cursor, 'COUNT', 1)
  cursor = reply[1]
  for _, entry in ipairs(reply[2]) do
    entry[3] = redis.call('XPENDING', stream, group, entry[1], entry[1], 1)[1][4]
    for _, value in ipairs(entry[2]) do size = size + #value end
    reclaimed[#reclaimed + 1] = entry
  end
until cursor == '0-0' or #reclaimed >= limit or size >= 4000000
return reclaimed
