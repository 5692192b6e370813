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

if redis.call('EXISTS', record_key) == 0 then
  redis.call('ZREM', all_keys, id)
  return 0
end
-- A script is not rolled back. The stream can refuse its entry, so that comes first, if the rest may follow it.
if not (redis.acl_check_cmd('DEL', record_key) and redis.acl_check_cmd('ZREM', all_keys, id)) then
  return redis.error_reply('NOPERM this user must be allowed to use DEL and ZREM')
end
redis.call('XADD', audit, 'MAXLEN', '~', maximum_length, '*', 'ring', entry_ring, 'entry', entry)
redis.call('ZREM', all_keys, id)
redis.call('DEL', record_key)
return 1
