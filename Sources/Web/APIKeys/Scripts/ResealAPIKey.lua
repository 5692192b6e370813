-- Replaces the record of an API key by the same record under another key of the ring, unless it was revoked or replaced
-- in the meantime.
--
-- KEYS  record_key                the record of the API key
-- ARGV  earlier                   the sealed record to be replaced
--       record_ring, record       the new one, and the id of the ring's key that sealed it
--
-- Returns 1, or 0 if nothing was replaced.

local record_key = unpack(KEYS)
local earlier, record_ring, record = unpack(ARGV)

if redis.call('HGET', record_key, 'record') ~= earlier then return 0 end
redis.call('HSET', record_key, 'ring', record_ring, 'record', record)
return 1
