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

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local missing, refusing, wait = {}, 0, 0 -- missing: of each bucket, the microseconds until it is full

for i = 1, #KEYS - 2 do
  local burst, interval = ARGV[5 + 2 * i], tonumber(ARGV[6 + 2 * i])
  local capacity = burst * interval
  local full = tonumber(redis.call('GET', KEYS[2 + i])) or now
  -- Never more than all: a clock that was set back must not lock anybody out for longer than an empty bucket does.
  missing[i] = math.min(math.max(full - now, 0), capacity)
  local short = missing[i] + interval - capacity
  if short > wait then refusing, wait = i, short end
end

local verdict
if refusing > 0 then
  verdict = 0
elseif redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[6]) then
  verdict = -1
elseif redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1]) then
  verdict = 1
  for i = 1, #missing do
    missing[i] = missing[i] + ARGV[6 + 2 * i]
    -- Rounded up: a key that went a moment too early would be a bucket full too early.
    local lifetime = math.ceil(missing[i] / 1000)
    redis.call('SET', KEYS[2 + i], string.format('%.0f', now + missing[i]), 'PX', lifetime)
  end
  redis.call('XADD', KEYS[2], '*', 'v', '1', 'id', ARGV[3], 'key', ARGV[4], 'job', ARGV[5])
end
if verdict ~= 1 and redis.call('EXISTS', KEYS[1]) == 1 then verdict, refusing, wait = 1, 0, 0 end

if not missing[1] then return { verdict, refusing, wait, 0, 0 } end
return { verdict, refusing, wait, math.floor((ARGV[7] * ARGV[8] - missing[1]) / ARGV[8]), missing[1] }
