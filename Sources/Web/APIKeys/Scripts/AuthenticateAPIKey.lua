-- Decides about a request by its API key's record, its API key's limit and its client's failures.
--
-- KEYS  record_key                      the record of the API key
--       marker_key                      set while the client's refusals by its limit have been reported
--       then the buckets of each limit that is not off: the client's failures, and the key's requests
-- ARGV  kind                            stored: the record decides. configured: the key is known without a record.
--                                       refused: the credentials are known to be invalid
--       failure_buckets                 the number of buckets of the client's failures: 0 if that limit is off
--       key_bucket                      the number of the key's bucket, counted from 1, or 0 if its limit is off
--       then, if there are buckets, their settings
--
-- Returns six integers, as all scripts with buckets do: the verdict, which is 1 (the key is known), 0 (limited) or -1
-- (it is not known, and the failure was counted); the number of the refusing bucket, or 0; its wait in microseconds;
-- and the three of quota() in Buckets.lua, of the client's own bucket (0 by failures, -1) or the key's (0 by requests,
-- 1). Then for 1: the id of the ring's key and the sealed record, or '' for a configured key. For 0 by failures: 1 if
-- such a refusal of the same window has been reported, or 0.

local record_key, marker_key = unpack(KEYS)
local kind, failure_buckets, key_bucket = unpack(ARGV)
local first_bucket, first_setting = 3, 4
failure_buckets, key_bucket = tonumber(failure_buckets), tonumber(key_bucket)

local ring_key, record = '', ''
if kind == 'stored' then
  local fields = redis.call('HMGET', record_key, 'ring', 'record')
  ring_key, record = fields[1] or '', fields[2] or ''
end
if kind == 'refused' or (kind == 'stored' and record == '') then
  local refusing, wait = look(first_bucket, first_setting, 1, failure_buckets)
  if refusing > 0 then
    local left, full_in, pressed = quota(first_setting)
    return { 0, refusing, wait, left, full_in, pressed, redis.call('EXISTS', marker_key) }
  end
  if failure_buckets > 0 then take(first_bucket, first_setting, 1, failure_buckets) end
  return { -1, 0, 0, quota(first_setting) }
end

-- A key that is known is let through whatever its client's failures are: those of others at the same address, or of
-- another program of the same server, lock nobody out.
if key_bucket > 0 then
  local refusing, wait = look(first_bucket, first_setting, key_bucket, key_bucket)
  if refusing > 0 then
    return { 0, refusing, wait, quota(first_setting, key_bucket) }
  end
end
if kind == 'stored' then redis.call('HSET', record_key, 'last_request', math.floor(now / 1000)) end
if key_bucket > 0 then take(first_bucket, first_setting, key_bucket, key_bucket) end
local left, full_in, pressed = quota(first_setting, key_bucket)
return { 1, 0, 0, left, full_in, pressed, ring_key, record }
