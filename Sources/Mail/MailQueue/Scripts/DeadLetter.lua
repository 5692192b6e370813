-- Moves a job from the stream to the dead letters.
--
-- KEYS  stream          the stream of the job
--       dead_letters    the stream of dead letters
-- ARGV  group           the consumer group
--       entry           the entry's id
--       maximum_length  the approximate number of dead letters to keep
--       then the names and values of the dead letter's fields, alternately
-- Returns 1, or 0 if the entry was already gone: then another worker has recorded an outcome, and nothing changes.
--
-- A script is not rolled back, so the write that can fail (XADD) comes first: if it fails, nothing has changed. The two
-- before it change nothing, and fail if those after it would. After a write, Redis does not refuse the next one for lack
-- of memory, so a full Redis drains.

local stream, dead_letters = unpack(KEYS)
local group, entry, maximum_length = unpack(ARGV)

if #redis.call('XRANGE', stream, entry, entry) == 0 then return 0 end
redis.call('XACK', stream, group, '0-0')
redis.call('XDEL', stream, '0-0')
redis.call('XADD', dead_letters, 'MAXLEN', '~', maximum_length, '*', unpack(ARGV, 4))
redis.call('XACK', stream, group, entry)
return redis.call('XDEL', stream, entry)
