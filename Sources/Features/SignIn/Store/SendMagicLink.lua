-- Admits a sign-in request: takes from its buckets, stores its link and queues its email. Does all of it, or nothing;
-- but a request that a bucket of the recipient or of the deployment refuses is charged to the client.
--
-- KEYS  links_key                  the links of the place
--       stream                     the mail stream
--       then the buckets of each limit, the client's first
-- ARGV  id                         the id of the link and of the job: the first half of its token's digest
--       record                     the link's sealed record
--       challenge                  its code challenge, or -
--       lifetime, retention        its lifetime, and the time after that for which it is kept, in ms
--       newest_only                1 if it supersedes the earlier links of the place
--       handle                     the id of the code handle, or '' if no code was requested
--       tag                        the tag of the code
--       code_key, code_token       the mailed token, sealed for the handle, and the id of the key that sealed it
--       job_key, job               the sealed job, and the id of the key that sealed it
--       maximum_length             the maximum length of the stream
--       then, if there are buckets, their settings
--
-- Returns six integers: the verdict, which is 1 (admitted), 0 (limited) or -1 (the stream is full); the number of the
-- bucket with the longest wait, counted from 1, or 0; that wait in microseconds; and the three of quota() in
-- Buckets.lua.
--
-- A call with the same id repeats the same request, because the reply was lost: it is admitted, and changes nothing, as
-- long as its link is stored. If it was refused, it may be charged twice.

local links_key, stream = unpack(KEYS)
local id, record, challenge, lifetime, retention, newest_only, handle, tag, code_key, code_token, job_key, job,
  maximum_length = unpack(ARGV)
local first_bucket, first_setting = 3, 14

local maximum_links = newest_only == '1' and 3 or 8
local now_ms = math.floor(now / 1000)

-- Adds a link to the value of its place, which is false if there is none, and stores it. Links.lua describes the value.
local function add(value, link)
  local text, earlier, kept_until = cmsgpack.pack(link), '', link.kept_until
  if value and #value > 8 then
    local expiry, offset = struct.unpack('>I8', value)
    kept_until = math.max(kept_until, expiry)
    for _ = 2, maximum_links do
      if offset + 3 <= #value then offset = offset + 4 + struct.unpack('>I4', value, offset) end
    end
    earlier = string.sub(value, 9, offset - 1)
  end
  redis.call('SET', links_key, struct.pack('>I8I4', kept_until, #text) .. text .. earlier, 'PXAT', kept_until)
end

local refusing, wait = look(first_bucket, first_setting)
local value = redis.call('GET', links_key)
local verdict
if value and string.find(value, id, 1, true) then
  verdict, refusing, wait = 1, 0, 0
elseif refusing > 0 then
  verdict = 0
  charge_client(first_bucket, first_setting)
elseif redis.call('XLEN', stream) >= tonumber(maximum_length) then
  verdict = -1
else
  verdict = 1
  take(first_bucket, first_setting)
  local link = {
    id = id, issued = now_ms, ends = now_ms + lifetime, kept_until = now_ms + lifetime + retention,
    supersedes = newest_only == '1', challenge = challenge, record = record,
  }
  if handle ~= '' then link.code = { id = handle, tag = tag, key = code_key, token = code_token } end
  add(value, link)
  local added = add_job(stream, 'v', '2', 'id', id, 'key', job_key, 'job', job)
  if added.err then return added end
end
return { verdict, refusing, wait, quota(first_setting) }
