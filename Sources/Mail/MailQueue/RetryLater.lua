-- Moves a job from the stream to the retries.
--
-- KEYS: 1 the mail stream; 2 the sorted set of retries.
-- ARGV: 1 the consumer group; 2 the entry's id; 3 the delay in ms; 4 the retry, in the form that Promote.lua reads; 5
-- the maximum number of retries.
-- Returns 1; 0 if the entry was already gone: then another worker has recorded an outcome, and nothing changes; or -1
-- if the maximum number of retries is reached.
--
-- A script is not rolled back, so the write that can fail (ZADD) comes first: if it fails, nothing has changed.

if #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return 0 end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return -1 end
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('ZADD', KEYS[2], string.format('%.0f', due), ARGV[4])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
