-- Strikes workers off the group that have nothing to deliver: with jobs they are kept, since striking them off would lose those.
--
-- KEYS: 1 the mail stream. ARGV: 1 the group; 2 the worker, or nothing for all; 3 for how many ms nothing may have been
-- heard of it.
-- Returns how many were struck off.

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
