-- Adds a refusal to the audit, and counts it as a failure of the client.
--
-- KEYS  refusals                stream of refusals
--       marker_key              set while such a refusal has been reported
--       then the bucket of the client's failures, if this one is to be counted
-- ARGV  window                  the time for which the marker is kept, in ms; 0 if every refusal is reported
--       maximum_length          approximate maximum length of the stream
--       ring_key, entry         the sealed entry, and the id of the key that sealed it
--       then for the bucket its burst, and its microseconds per token
--
-- Returns 1 if the refusal was added, and 0 if one of the same window was added before.

local refusals, marker_key = unpack(KEYS)
local window, maximum_length, ring_key, entry = unpack(ARGV)
local first_bucket, first_setting = 3, 5

if look(first_bucket, first_setting) == 0 then take(first_bucket, first_setting) end
if window ~= '0' and not redis.call('SET', marker_key, '1', 'NX', 'PX', window) then return 0 end
redis.call('XADD', refusals, 'MAXLEN', '~', maximum_length, '*', 'ring', ring_key, 'entry', entry)
return 1
