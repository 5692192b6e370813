-- Claims jobs of consumers that have been idle for too long.
--
-- KEYS  mail       the mail stream
-- ARGV  group      the consumer group
--       consumer   the consumer that claims
--       idle_time  the minimum idle time in ms
--       count      the maximum number of jobs
-- Returns an array with one element for each job: the entry's id, its fields and values, and the number of times that
-- it was claimed, this time included.

local mail = unpack(KEYS)
local group, consumer, idle_time, count = unpack(ARGV)

local limit = tonumber(count)
local cursor, reclaimed = '0-0', {}
repeat -- One call scans only part of the pending entries.
  local reply = redis.call('XAUTOCLAIM', mail, group, consumer, idle_time, cursor, 'COUNT', limit - #reclaimed)
  cursor = reply[1]
  for _, entry in ipairs(reply[2]) do
    entry[3] = redis.call('XPENDING', mail, group, entry[1], entry[1], 1)[1][4]
    reclaimed[#reclaimed + 1] = entry
  end
until cursor == '0-0' or #reclaimed >= limit
return reclaimed
