-- Admits one sign-in request, remembers its token and queues its mail: all of it, or nothing.
--
-- KEYS: 1 the token, 2 the mail stream, 3 and on: a bucket for each limit, the client's first.
-- ARGV: 1 how long the token's entry is kept, in ms; 2 that entry; 3 the job's id; 4 the id of the key that sealed it; 5 the
--       sealed job; 6 how many jobs may wait; 7 how long the link works, in ms, and 8 how much longer a token does that it
--       was changed for; 9 where the newest link is named, '' where several may work at once; 10 the request's key, '' where
--       no code was asked for; 11 the request's entry; then for each bucket: its burst, and the microseconds that a token
--       takes.
--
-- Returns five integers: the verdict (1 admitted, 0 limited, -1 too many jobs wait); the bucket that made the caller wait
-- the longest, counted from 1, else 0; that wait in microseconds; and of the first bucket the tokens left, and the
-- microseconds until it is full. Where there is no bucket the last two are 0.
--
-- The same token again is the same request again, sent once more because its answer was lost: it is admitted, and nothing
-- changes.
--
-- Keys that are not among KEYS share their prefix, and so, on a cluster, its hash tag.

local token, mail = KEYS[1], KEYS[2]
local kept, entry, job, key_of_job, box, room = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local lifetime, lifetime_of_fresh, newest, request, entry_of_request = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local first_bucket, first_setting = 3, 12

local refusing, wait = look(first_bucket, first_setting)
local verdict
if refusing > 0 then
  verdict = 0
elseif redis.call('XLEN', mail) >= room then
  verdict = -1
elseif redis.call('SET', token, entry, 'NX', 'PX', kept) then
  verdict = 1
  take(first_bucket, first_setting)
  if newest ~= '' then
    local prefix, digest = string.match(token, '^(.*:)(%x+)$')
    local earlier = redis.call('SET', newest, digest, 'PX', lifetime + lifetime_of_fresh, 'GET')
    -- One that was used stays so: that is what it tells who opens it again.
    if earlier and redis.call('GETRANGE', prefix .. earlier, 0, 3) == 'live' then
      redis.call('SETRANGE', prefix .. earlier, 0, 'dead')
    end
  end
  if request ~= '' then redis.call('SET', request, entry_of_request, 'PX', lifetime) end
  redis.call('XADD', mail, '*', 'v', '1', 'id', job, 'key', key_of_job, 'job', box)
end
if verdict ~= 1 and redis.call('EXISTS', token) == 1 then verdict, refusing, wait = 1, 0, 0 end
return { verdict, refusing, wait, quota(first_setting) }
