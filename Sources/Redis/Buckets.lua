-- Token buckets: functions for the scripts that take tokens. This text is prepended to each of them.
--
-- A bucket is stored as one number: the time at which it will be full, in microseconds of this server's clock. Taking a
-- token moves that time into the future, by the microseconds per token. A token can be taken if the new
-- time is at most burst * microseconds per token away.
--
-- KEYS     from index `key` to the end: the buckets
-- ARGV     from index `setting` on, for each bucket in the order of the keys: its burst, and the microseconds per token
--
-- With `only`, a function is about the bucket of that number, counted from 1, and no other.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local missing = {} -- For each bucket, the microseconds until it is full.

-- Checks the buckets, and takes nothing. Returns the index of the bucket with the longest wait for a token, from 1, or
-- 0 if every bucket has a token; and that wait in microseconds, or 0.
local function look(key, setting, only)
  local refusing, wait = 0, 0
  for i = only or 1, only or #KEYS - key + 1 do
    local burst, interval = ARGV[setting + 2 * i - 2], tonumber(ARGV[setting + 2 * i - 1])
    local capacity = burst * interval
    local full = tonumber(redis.call('GET', KEYS[key + i - 1])) or now
    -- At most the whole capacity: if the clock was set back, nobody must wait longer than for an empty bucket.
    missing[i] = math.min(math.max(full - now, 0), capacity)
    local shortage = missing[i] + interval - capacity
    if shortage > wait then refusing, wait = i, shortage end
  end
  return refusing, wait
end

-- Takes a token from each of the buckets that look() checked. A bucket's key expires when the bucket is full.
local function take(key, setting, only)
  for i = only or 1, only or #missing do
    missing[i] = missing[i] + ARGV[setting + 2 * i - 1]
    -- Rounded up: if the key expired early, the bucket would be full early.
    local lifetime = math.ceil(missing[i] / 1000)
    redis.call('SET', KEYS[key + i - 1], now + missing[i], 'PX', lifetime)
  end
end

-- Returns the whole tokens left in the first bucket, and the microseconds until it is full. Both are 0 if there is no
-- bucket.
local function quota(setting, only)
  local i = only or 1
  if not missing[i] then return 0, 0 end
  local burst, interval = ARGV[setting + 2 * i - 2], ARGV[setting + 2 * i - 1]
  return math.floor((burst * interval - missing[i]) / interval), missing[i]
end
