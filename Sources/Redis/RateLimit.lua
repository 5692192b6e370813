-- Takes a token from each of its buckets, or from none.
--
-- KEYS  the bucket of each limit
-- ARGV  for each bucket its burst, and its microseconds per token
--
-- Returns five integers: the verdict, which is 1 (admitted) or 0 (limited); the number of the bucket with the longest
-- wait, counted from 1, or 0; that wait in microseconds; the tokens left in the first bucket; and the microseconds
-- until the first bucket is full.

local first_bucket, first_setting = 1, 1

local refusing, wait = look(first_bucket, first_setting)
if refusing == 0 then take(first_bucket, first_setting) end
return { refusing == 0 and 1 or 0, refusing, wait, quota(first_setting) }
