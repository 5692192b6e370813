-- Moves due retries back to the stream.
--
-- KEYS: 1 the mail stream; 2 the sorted set of retries.
-- ARGV: 1 the maximum number of retries to move.
-- Returns the number of retries that were removed from the set.
--
-- A retry has the form `1 <attempts> <job id> <key id> <sealed job>`: a version and four values, separated by one space
-- each. Retries of any other form are removed without being queued, because no worker could deliver them.

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, retry in ipairs(due) do
  local attempts, id, key, job = string.match(retry, '^1 (%d+) (%S+) (%S+) (.*)$')
  if attempts then
    redis.call('XADD', KEYS[1], '*', 'v', '1', 'id', id, 'key', key, 'job', job, 'attempts', attempts)
  end
  redis.call('ZREM', KEYS[2], retry)
end
return #due
