-- Moves the retries that are due back into the stream.
--
-- KEYS: 1 the mail stream, 2 the retries. ARGV: 1 how many to move at most.
-- A retry is kept as `1 <attempts> <job's id> <key's id> <sealed job>`: a version, and four values parted by one blank each.
-- Returns how many were moved. One that is not of that form is removed, since nobody could ever deliver it.

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
