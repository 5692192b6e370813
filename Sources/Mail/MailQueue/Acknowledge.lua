-- Acknowledges a job and removes it from the stream, after it was delivered or because an operator dropped it.
--
-- KEYS: 1 the mail stream.
-- ARGV: 1 the consumer group; 2 the entry's id.
-- Returns 1, or 0 if the entry was already gone.

redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
