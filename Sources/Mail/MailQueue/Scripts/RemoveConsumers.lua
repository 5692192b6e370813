-- Removes idle consumers without pending entries from the group. A consumer with pending entries stays, because
-- removing it would lose them.
--
-- KEYS  stream     the stream
-- ARGV  group      the consumer group
--       consumer   the consumer, or an empty string for all
--       idle_time  the minimum idle time in ms
-- Returns the number of consumers removed.

local stream = unpack(KEYS)
local group, consumer, idle_time = unpack(ARGV)

if redis.call('EXISTS', stream) == 0 then return 0 end
local count = 0
for _, member in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local name, pending, idle = member[2], member[4], member[6]
  if (consumer == '' or name == consumer) and pending == 0 and idle >= tonumber(idle_time) then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
    count = count + 1
  end
end
return count
