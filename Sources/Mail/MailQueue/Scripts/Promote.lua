-- Moves due retries back to the stream.
--
-- KEYS  mail     the mail stream
--       retries  the sorted set of retries
-- ARGV  count    the maximum number of retries to move
-- Returns the number of retries that were removed from the set.
--
-- A retry has the form `1 <attempts> <job id> <key id> <sealed job>`: a version and four values, separated by one space
-- each. Retries of any other form are removed without being queued, because no worker could deliver them.

local mail, retries = unpack(KEYS)
local count = unpack(ARGV)

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local due = redis.call('ZRANGEBYSCORE', retries, '-inf', now, 'LIMIT', 0, count)
for _, retry in ipairs(due) do
  local attempts, id, key, job = string.match(retry, '^1 (%d+) (%S+) (%S+) (.*)$')
  if attempts then
    redis.call('XADD', mail, '*', 'v', '1', 'id', id, 'key', key, 'job', job, 'attempts', attempts)
  end
  redis.call('ZREM', retries, retry)
end
return #due
