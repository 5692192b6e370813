-- Moves a job from the stream to the retries.
--
-- KEYS  stream         the stream of the job
--       retries        the sorted set of retries
-- ARGV  group          the consumer group
--       entry          the entry's id
--       delay          the delay in ms
--       retry          the retry, in the form that Promote.lua reads
--       maximum_count  the maximum number of retries
-- Returns 1; 0 if the entry was already gone: then another worker has recorded an outcome, and nothing changes; or -1
-- if the maximum number of retries is reached.
--
-- A script is not rolled back, so the write that can fail (ZADD) comes first: if it fails, nothing has changed. The two
-- before it change nothing, and fail if those after it would. After a write, Redis does not refuse the next one for lack
-- of memory, so a full Redis drains.

local stream, retries = unpack(KEYS)
local group, entry, delay, retry, maximum_count = unpack(ARGV)

if #redis.call('XRANGE', stream, entry, entry) == 0 then return 0 end
if redis.call('ZCARD', retries) >= tonumber(maximum_count) then return -1 end
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + delay
redis.call('XACK', stream, group, '0-0')
redis.call('XDEL', stream, '0-0')
redis.call('ZADD', retries, string.format('%.0f', due), retry)
redis.call('XACK', stream, group, entry)
return redis.call('XDEL', stream, entry)
