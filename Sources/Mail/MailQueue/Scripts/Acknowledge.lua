-- Acknowledges a job and removes it from the stream, after it was delivered or because an operator dropped it.
--
-- KEYS  stream  the stream of the job
-- ARGV  group   the consumer group
--       entry   the entry's id
-- Returns 1, or 0 if the entry was already gone.

local stream = unpack(KEYS)
local group, entry = unpack(ARGV)

-- The first XDEL changes nothing, and fails if the second would.
redis.call('XDEL', stream, '0-0')
redis.call('XACK', stream, group, entry)
return redis.call('XDEL', stream, entry)
