-- Puts a job that was given up back into the stream, as if it were new.
--
-- KEYS: 1 the mail stream, 2 the dead. ARGV: 1 the dead entry.
-- Returns 1; 0 where there is no such entry; -1 where the job was not kept with it.

local entry = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
if not entry then return 0 end
local fields = {}
for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
if not fields.job then return -1 end
redis.call('XADD', KEYS[1], '*', 'v', '1', 'id', fields.id, 'key', fields.key, 'job', fields.job)
redis.call('XDEL', KEYS[2], ARGV[1])
return 1
