-- Admits one sign-in request, remembers its token and queues its mail: all of it, or nothing.
--
-- KEYS: 1 the token's record, 2 the mail stream, 3 and on: a bucket for each limit, the client's first.
-- ARGV: 1 how long the record lives, in ms; 2 the sealed record; 3 the job's id; 4 the id of the key that sealed it;
--       5 the sealed job; 6 how many jobs may wait; then for each bucket: its burst, and the microseconds that a token takes.
--
-- Returns five integers: the verdict (1 admitted, 0 limited, -1 too many jobs wait); the bucket that made the caller wait
-- the longest, counted from 1, else 0; that wait in microseconds; and of the first bucket the tokens left, and the
-- microseconds until it is full. Where there is no bucket the last two are 0.
--
-- A bucket is one number: the time at which it will be full, in microseconds of this server's clock. A token takes that
-- time further into the future; there is a token to take while it is at most burst * microseconds per token away.
--
-- The same token again is the same request again, sent once more because its answer was lost: it is admitted, and nothing
-- changes.

local FIRST_BUCKET = 3
local FIRST_LIMIT = 7

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local buckets, refusing, wait = {}, 0, 0

for i = 1, #KEYS - FIRST_BUCKET + 1 do
  local burst = tonumber(ARGV[FIRST_LIMIT + 2 * (i - 1)])
  local interval = tonumber(ARGV[FIRST_LIMIT + 2 * (i - 1) + 1])
  local capacity = burst * interval
  local full = tonumber(redis.call('GET', KEYS[FIRST_BUCKET + i - 1])) or now
  -- Never further away than an empty bucket's: a clock that was set back must not lock anybody out for longer than that.
  full = math.min(math.max(full, now), now + capacity)
  buckets[i] = { full = full, interval = interval, capacity = capacity }
  local short = full + interval - now - capacity
  if short > wait then refusing, wait = i, short end
end

local verdict
if refusing > 0 then
  verdict = 0
elseif redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[6]) then
  verdict = -1
elseif redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1]) then
  verdict = 1
  for i, bucket in ipairs(buckets) do
    bucket.full = bucket.full + bucket.interval
    -- Rounded up: a key that went a moment too early would be a bucket full too early.
    redis.call('SET', KEYS[FIRST_BUCKET + i - 1], string.format('%.0f', bucket.full),
      'PX', math.ceil((bucket.full - now) / 1000))
  end
  redis.call('XADD', KEYS[2], '*', 'v', '1', 'id', ARGV[3], 'key', ARGV[4], 'job', ARGV[5])
end
if verdict ~= 1 and redis.call('EXISTS', KEYS[1]) == 1 then verdict, refusing, wait = 1, 0, 0 end

local client = buckets[1]
if not client then return { verdict, refusing, wait, 0, 0 } end
return { verdict, refusing, wait, math.floor((now + client.capacity - client.full) / client.interval), client.full - now }
