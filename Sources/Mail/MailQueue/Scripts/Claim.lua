-- Claims jobs that no worker has claimed yet: those of high priority first, and others only for the rest of the count.
-- One XREADGROUP could not do that, because its COUNT is for each stream.
--
-- KEYS  mail      the stream of jobs of high priority
--       bulk      the stream of all other jobs
-- ARGV  group     the consumer group
--       consumer  the consumer that claims
--       count     the maximum number of jobs, at least 1
-- Returns two arrays, the claimed entries of each stream. They are fewer than the count if they have more than 4 MB, as
-- each can be a message of 3 MB, and the reply must not be too long for the worker.

local mail, bulk = unpack(KEYS)
local group, consumer, count = unpack(ARGV)

local total, size = 0, 0
local function claim(stream, limit)
  local entries = {}
  while #entries < limit and size < 4000000 do
    local reply = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', stream, '>')
    if reply and reply.err and total == 0 then error(reply) end -- Later, it would hide the jobs claimed before.
    if not reply or reply.err then break end
    local entry = reply[1][2][1]
    total = total + 1
    for _, value in ipairs(entry[2]) do size = size + #value end
    entries[#entries + 1] = entry
  end
  return entries
end

local high = claim(mail, tonumber(count))
return { high, claim(bulk, count - #high) }
