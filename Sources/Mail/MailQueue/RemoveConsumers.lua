-- Removes idle consumers without pending entries from the group. A consumer with pending entries stays, because
-- removing it would lose them.
--
-- KEYS: 1 the mail stream.
-- ARGV: 1 the consumer group; 2 the consumer, or an empty string for all; 3 the minimum idle time in ms.
-- Returns the number of consumers removed.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local count = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local name, pending, idle = consumer[2], consumer[4], consumer[6]
  if (ARGV[2] == '' or name == ARGV[2]) and pending == 0 and idle >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
    count = count + 1
  end
end
return count
