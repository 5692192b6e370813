-- Moves a job from the stream to those that wait for another attempt.
--
-- KEYS: 1 the mail stream, 2 the retries. ARGV: 1 the group; 2 the entry; 3 in how many ms it is due; 4 the retry, as it is
-- kept; 5 how many may wait.
-- Returns 1, or 0 where the entry had gone already: then it is somebody else's, and nothing is done; or -1
-- where too many wait already.
-- What is written first may fail, and then nothing has changed: a script is not rolled back.

if #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return 0 end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return -1 end
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('ZADD', KEYS[2], string.format('%.0f', due), ARGV[4])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
