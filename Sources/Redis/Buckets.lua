-- Functions for scripts that take tokens from buckets, and that write all they have to or nothing. This text is
-- prepended to each of them.
--
-- A script is not rolled back when Redis refuses one of its commands, for instance because the user of the connection
-- may not use it. So values are written by put() and take(), which remember what was there before, and any refusal goes
-- through fail(), which puts that back.
--
-- A bucket is stored as one number: the time at which it will be full, in microseconds of this server's clock, as 8
-- bytes. Taking a token moves that time into the future, by the microseconds per token. A token can be taken if the
-- new time is at most the bucket's capacity away: its burst * microseconds per token.
--
-- KEYS     from index `key` to the end: the buckets. Those of the client itself come first: that of its own network,
--          and those of the wider networks around it.
-- ARGV     at index `setting`, the settings of all buckets in one text: a byte with the number of the client's own
--          buckets, a byte with the number of the deployment's bucket, or 0, and for each bucket, in the order of the
--          keys, its capacity and its microseconds per token, in 8 bytes each
--
-- A text costs less than two arguments for each bucket, and one MGET less than a GET for each. Each function costs each
-- call some time, so those that only few scripts need are not here.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local written = {} -- The keys that this call has set, each followed by the value that it had, or false.
local stored = {} -- For each bucket that was looked at, its value, or false.
local missing = {} -- For each bucket that was looked at, the microseconds until it is full.
local refuses_client = false -- Whether one of the client's own buckets has no token.

-- Ends the call with a command's error, as if the call had not written anything. Each value that is put back begins with
-- the time at which its key expires, in microseconds, as 8 bytes. A key that did not exist gets a time that has passed.
local function fail(refusal)
  for i = #written - 1, 1, -2 do
    local key, value = written[i], written[i + 1]
    local expiry = value and math.ceil(struct.unpack('>I8', value) / 1000) or 1
    redis.pcall('SET', key, value or '', 'PXAT', string.format('%.0f', expiry))
  end
  error(refusal)
end

-- Sets a key to a value by SET with the given options, or fails. `former` is its value, or false if it has none.
local function put(key, former, value, ...)
  local reply = redis.pcall('SET', key, value, ...)
  if reply and reply.err then fail(reply) end
  written[#written + 1] = key
  written[#written + 1] = former
end

-- Checks the buckets from number `first` to `last`, all by default, and takes nothing. Returns the number of the bucket
-- with the longest wait for a token, from 1, or 0 if every bucket has a token; and that wait in microseconds, or 0.
local function look(key, setting, first, last)
  local refusing, wait = 0, 0
  first, last = first or 1, last or #KEYS - key + 1
  if last < first then return 0, 0 end
  local settings = ARGV[setting]
  local own = string.byte(settings)
  local values = redis.call('MGET', unpack(KEYS, key + first - 1, key + last - 1))
  for i = first, last do
    local capacity, interval = struct.unpack('>I8I8', settings, 16 * i - 13)
    local value, left = values[i - first + 1], 0
    if value and #value ~= 8 then value = false end
    stored[i] = value
    if value then
      left = struct.unpack('>I8', value) - now
      -- At most the whole capacity: if the clock was set back, nobody must wait longer than for an empty bucket.
      if left < 0 then left = 0 elseif left > capacity then left = capacity end
    end
    missing[i] = left
    local shortage = left + interval - capacity
    if shortage > 0 and i <= own then refuses_client = true end
    if shortage > wait then refusing, wait = i, shortage end
  end
  return refusing, wait
end

-- Takes a token from each of the buckets from number `first` to `last`, all by default, or fails. look() must have
-- checked them. A bucket's key expires when the bucket is full.
local function take(key, setting, first, last)
  local settings = ARGV[setting]
  for i = first or 1, last or #KEYS - key + 1 do
    local left = missing[i] + struct.unpack('>I8', settings, 16 * i - 5)
    missing[i] = left
    -- Rounded up: if the key expired early, the bucket would be full early.
    put(KEYS[key + i - 1], stored[i], struct.pack('>I8', now + left), 'EX', math.ceil(left / 1000000))
  end
end

-- Takes a token from each of the client's own buckets, unless one of them has none: then the client is refused by that,
-- and it costs it nothing more. A request that another bucket refuses is charged to the client all the same. Otherwise
-- it could take each token of that bucket as it falls due, at no cost.
local function charge_client(key, setting)
  if not refuses_client and #KEYS >= key then take(key, setting, 1, string.byte(ARGV[setting])) end
end

-- Returns the whole tokens left in the first bucket, or in another one; the microseconds until that is full, both 0 if
-- there is no such bucket; and the whole tokens left in the deployment's bucket if more than half of them are used,
-- otherwise -1.
local function quota(setting, number)
  local i = number or 1
  if not missing[i] then return 0, 0, -1 end
  local settings = ARGV[setting]
  local capacity, interval = struct.unpack('>I8I8', settings, 16 * i - 13)
  local shared, pressed = string.byte(settings, 2), -1
  if shared > 0 and missing[shared] then
    local capacity, interval = struct.unpack('>I8I8', settings, 16 * shared - 13)
    if 2 * missing[shared] > capacity then pressed = math.floor((capacity - missing[shared]) / interval) end
  end
  return math.floor((capacity - missing[i]) / interval), missing[i], pressed
end
