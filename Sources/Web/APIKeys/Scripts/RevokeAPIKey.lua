-- Removes an API key, and adds the change to the audit.
--
-- KEYS  record_key            the record of the API key
--       all_keys              sorted set of the ids of all API keys
--       audit                 stream of changes
-- ARGV  id                    the key's id
--       maximum_length        approximate maximum length of the stream
--       entry_ring, entry     the sealed entry, and the id of the ring's key that sealed it
--
-- Returns 1, or 0 if there is no such API key.

local record_key, all_keys, audit = unpack(KEYS)
local id, maximum_length, entry_ring, entry = unpack(ARGV)

redis.call('ZREM', all_keys, id)
if redis.call('DEL', record_key) == 0 then return 0 end
redis.call('XADD', audit, 'MAXLEN', '~', maximum_length, '*', 'ring', entry_ring, 'entry', entry)
return 1
