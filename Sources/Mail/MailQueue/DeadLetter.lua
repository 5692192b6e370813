-- Moves a job from the stream to the dead letters.
--
-- KEYS: 1 the mail stream; 2 the stream of dead letters.
-- ARGV: 1 the consumer group; 2 the entry's id; 3 the approximate number of dead letters to keep; then the names and
-- values of the dead letter's fields, alternately.
-- Returns 1, or 0 if the entry was already gone: then another worker has recorded an outcome, and nothing changes.
--
-- A script is not rolled back, so the write that can fail (XADD) comes first: if it fails, nothing has changed.

if #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
