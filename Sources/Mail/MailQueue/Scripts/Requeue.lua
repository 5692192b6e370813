-- Moves a dead letter back to its stream as a new job, with no attempts.
--
-- KEYS  mail          the stream of jobs of high priority
--       bulk          the stream of all other jobs
--       dead_letters  the stream of dead letters
-- ARGV  entry         the dead letter's entry id
-- Returns 1; 0 if there is no such entry; or -1 if the entry does not hold the job.
--
-- The XDEL of 0-0 changes nothing. After a write, Redis does not refuse the next one for lack of memory. AddJob.lua is
-- prepended to this text.

local mail, bulk, dead_letters = unpack(KEYS)
local entry = unpack(ARGV)

local letter = redis.call('XRANGE', dead_letters, entry, entry)[1]
if not letter then return 0 end
local fields = {}
for i = 1, #letter[2], 2 do fields[letter[2][i]] = letter[2][i + 1] end
if not fields.job then return -1 end
local stream = fields.priority == 'bulk' and bulk or mail
redis.call('XDEL', dead_letters, '0-0')
local added = add_job(stream, 'v', fields.v or '1', 'id', fields.id, 'key', fields.key, 'job', fields.job)
if added.err then return added end
redis.call('XDEL', dead_letters, entry)
return 1
