-- Stores a new API key, and adds the change to the audit. A second call for the same key changes nothing.
--
-- KEYS  record_key              the record of the API key
--       all_keys                sorted set of the ids of all API keys, by the time when each expires
--       audit                   stream of changes
-- ARGV  id                      the key's id
--       record_ring, record     the sealed record, and the id of the ring's key that sealed it
--       expires                 the time from which the key does not work, in Unix ms; 0 if it does not expire
--       maximum_count           the maximum number of API keys
--       maximum_length          approximate maximum length of the stream
--       entry_ring, entry       the sealed entry, and the id of the ring's key that sealed it
--
-- Returns 1, or 0 if there are too many API keys.

local record_key, all_keys, audit = unpack(KEYS)
local id, record_ring, record, expires, maximum_count, maximum_length, entry_ring, entry = unpack(ARGV)

if redis.call('EXISTS', record_key) == 1 then return 1 end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
-- The records of these have expired.
redis.call('ZREMRANGEBYSCORE', all_keys, '-inf', now_ms)
if redis.call('ZCARD', all_keys) >= tonumber(maximum_count) then return 0 end
-- A script is not rolled back. The stream can refuse its entry, so that comes first, if the rest may follow it.
local score = expires == '0' and 'inf' or expires
if not (redis.acl_check_cmd('HSET', record_key, 'ring', '') and redis.acl_check_cmd('PEXPIREAT', record_key, '0')
  and redis.acl_check_cmd('ZADD', all_keys, score, id)) then
  return redis.error_reply('NOPERM this user must be allowed to use HSET, PEXPIREAT and ZADD')
end
redis.call('XADD', audit, 'MAXLEN', '~', maximum_length, '*', 'ring', entry_ring, 'entry', entry)
redis.call('HSET', record_key, 'ring', record_ring, 'record', record)
if expires ~= '0' then redis.call('PEXPIREAT', record_key, expires) end
redis.call('ZADD', all_keys, score, id)
return 1
