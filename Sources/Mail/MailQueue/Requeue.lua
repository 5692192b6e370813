-- Moves a dead letter back to the stream as a new job, with no attempts.
--
-- KEYS: 1 the mail stream; 2 the stream of dead letters.
-- ARGV: 1 the dead letter's entry id.
-- Returns 1; 0 if there is no such entry; or -1 if the entry does not hold the job.

local entry = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
if not entry then return 0 end
local fields = {}
for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
if not fields.job then return -1 end
redis.call('XADD', KEYS[1], '*', 'v', '1', 'id', fields.id, 'key', fields.key, 'job', fields.job)
redis.call('XDEL', KEYS[2], ARGV[1])
return 1
