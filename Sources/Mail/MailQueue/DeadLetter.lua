-- Moves a job from the stream to those that are given up.
--
-- KEYS: 1 the mail stream, 2 the dead. ARGV: 1 the group; 2 the entry; 3 how many dead are kept, about; then the fields and
-- values to keep.
-- Returns 1, or 0 where the entry had gone already: then it is somebody else's, and nothing is done.
-- What is written first may fail, and then nothing has changed: a script is not rolled back.

if #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
