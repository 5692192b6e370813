-- Acknowledges a job and removes it from the stream, after it was delivered or because an operator dropped it.
--
-- KEYS  mail    the mail stream
-- ARGV  group   the consumer group
--       entry   the entry's id
-- Returns 1, or 0 if the entry was already gone.

local mail = unpack(KEYS)
local group, entry = unpack(ARGV)

redis.call('XACK', mail, group, entry)
return redis.call('XDEL', mail, entry)
