-- Counts a refusal as a failure of the client, if it is one, and adds it to the audit, unless one of the same kind was
-- added in the same window.
--
-- KEYS  refusals                stream of refusals
--       marker_key              set while a refusal of this kind has been reported
--       then the buckets of the client's failures, if this one is to be counted
-- ARGV  window                  the time for which the marker is kept, in ms
--       maximum_length          approximate maximum length of the stream
--       ring_key, entry         the sealed entry, and the id of the key that sealed it
--       then, if there are buckets, their settings
--
-- Returns six integers, as all scripts with buckets do: the verdict, which is 1 (refused) or 0 (the client has failed
-- too often; nothing was changed); the number of the refusing bucket, or 0; its wait in microseconds; and the three of
-- quota() in Buckets.lua. Then for verdict 1: 1 if the refusal was added, or 0.

local refusals, marker_key = unpack(KEYS)
local window, maximum_length, ring_key, entry = unpack(ARGV)
local first_bucket, first_setting = 3, 5

local refusing, wait = look(first_bucket, first_setting)
if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
take(first_bucket, first_setting)
local left, full_in, pressed = quota(first_setting)
if redis.call('EXISTS', marker_key) == 1 then return { 1, 0, 0, left, full_in, pressed, 0 } end
put(marker_key, false, '1', 'PX', window)
local added = redis.pcall('XADD', refusals, 'MAXLEN', '~', maximum_length, '*', 'ring', ring_key, 'entry', entry)
if added.err then fail(added) end
return { 1, 0, 0, left, full_in, pressed, 1 }
