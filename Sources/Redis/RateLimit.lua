-- Takes a token from each of its buckets, or from none.
--
-- KEYS  the buckets
-- ARGV  their settings
--
-- Returns six integers: the verdict, which is 1 (admitted) or 0 (limited); the number of the bucket with the longest
-- wait, counted from 1, or 0; that wait in microseconds; and the three of quota() in Buckets.lua.

local first_bucket, first_setting = 1, 1

local refusing, wait = look(first_bucket, first_setting)
if refusing == 0 then take(first_bucket, first_setting) end
return { refusing == 0 and 1 or 0, refusing, wait, quota(first_setting) }
