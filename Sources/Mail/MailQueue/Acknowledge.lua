-- Ends a job: it was delivered, or dropped.
--
-- KEYS: 1 the mail stream. ARGV: 1 the group; 2 the entry.
-- Returns 1, or 0 where the entry had gone already.

redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
