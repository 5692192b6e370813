-- Makes the consumer group of a stream, from its start, and the stream if there is none. Streams that are added to get
-- their groups at once; this is for others, such as one that nothing was added to yet.
--
-- KEYS  stream  the stream
-- ARGV  group   the consumer group
-- Returns 1, or 0 if the group exists.
--
-- The first command changes nothing. After a write, Redis does not refuse the next one for lack of memory, so that
-- workers can join when Redis is full.

local stream = unpack(KEYS)
local group = unpack(ARGV)

redis.call('XACK', stream, group, '0-0')
local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
if not made.err then return 1 end
if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
return made
