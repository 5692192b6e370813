-- Moves due retries back to their streams.
--
-- KEYS  mail     the stream of jobs of high priority
--       bulk     the stream of all other jobs
--       retries  the sorted set of retries
-- ARGV  count    the maximum number of retries to move
-- Returns the number of retries that were due, up to the count.
--
-- A retry is a version and values, separated by one space each. Version 1 is `1 <attempts> <job id> <key id> <box>`, of
-- high priority, and version 2 is `2 <attempts> <job id> <key id> <priority> <box>`. Retries of a later version are left
-- for a worker that knows it, and looked at again in a minute. Any others are removed without being queued, because no
-- worker could deliver them.
--
-- The first ZREM changes nothing. After a write, Redis does not refuse the next one for lack of memory: a full Redis goes
-- on moving what it has. AddJob.lua is prepended to this text.

local mail, bulk, retries = unpack(KEYS)
local count = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', retries, '-inf', string.format('%.0f', now), 'LIMIT', 0, count)
redis.call('ZREM', retries, '')
for _, retry in ipairs(due) do
  local version, attempts, id, key, rest = string.match(retry, '^(%d+) (%d+) (%S+) (%S+) (.*)$')
  local stream, job = mail, nil
  if version == '1' then
    job = rest
  elseif version == '2' then
    local priority
    priority, job = string.match(rest, '^(%S+) (.*)$')
    if priority == 'bulk' then stream = bulk end
  end
  if job then
    local added = add_job(stream, 'v', version, 'id', id, 'key', key, 'job', job, 'attempts', attempts)
    if added.err then return added end
  end
  if version and tonumber(version) > 2 then
    redis.call('ZADD', retries, string.format('%.0f', now + 60000), retry)
  else
    redis.call('ZREM', retries, retry)
  end
end
return #due
