-- Token buckets. Stands before every script that takes from them.
--
-- A bucket is one number: the time at which it will be full, in microseconds of this server's clock. A token takes that
-- time further into the future; there is a token to take while it is at most burst * microseconds per token away.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local missing = {} -- Of each bucket, the microseconds until it is full.

-- Looks into the buckets whose keys are KEYS from `key` on. Their settings are ARGV from `setting` on: for each, its burst,
-- and the microseconds that a token takes. Returns the bucket that makes the caller wait the longest, counted from 1, else
-- 0; and that wait in microseconds.
local function look(key, setting)
  local refusing, wait = 0, 0
  for i = 1, #KEYS - key + 1 do
    local burst, interval = ARGV[setting + 2 * i - 2], tonumber(ARGV[setting + 2 * i - 1])
    local capacity = burst * interval
    local full = tonumber(redis.call('GET', KEYS[key + i - 1])) or now
    -- Never more than all: a clock that was set back must not lock anybody out for longer than an empty bucket does.
    missing[i] = math.min(math.max(full - now, 0), capacity)
    local short = missing[i] + interval - capacity
    if short > wait then refusing, wait = i, short end
  end
  return refusing, wait
end

-- Takes a token from each of the buckets that were looked into.
local function take(key, setting)
  for i = 1, #missing do
    missing[i] = missing[i] + ARGV[setting + 2 * i - 1]
    -- Rounded up: a key that went a moment too early would be a bucket full too early.
    local lifetime = math.ceil(missing[i] / 1000)
    redis.call('SET', KEYS[key + i - 1], string.format('%.0f', now + missing[i]), 'PX', lifetime)
  end
end

-- Of the first bucket, the tokens left and the microseconds until it is full; 0 and 0 where there is none.
local function quota(setting)
  if not missing[1] then return 0, 0 end
  local interval = ARGV[setting + 1]
  return math.floor((ARGV[setting] * interval - missing[1]) / interval), missing[1]
end
