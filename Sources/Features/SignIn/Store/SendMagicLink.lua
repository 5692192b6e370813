-- Admits a sign-in request: takes from its buckets, stores its link and queues its email. Does all of it, or nothing;
-- but a request that a bucket of the recipient or of the deployment refuses is charged to the client.
--
-- KEYS  links_key                  the links of the place
--       stream                     the mail stream
--       then the buckets of each limit, the client's first
-- ARGV  id                         the id of the link and of the job: the first half of its token's digest
--       record                     the link's sealed record
--       portal                     the tag of the portal that it signs in at
--       challenge                  its code challenge, or -
--       lifetime, retention        its lifetime, and the time after that for which it is kept, in ms
--       supersedes                 request or use, if it ends the earlier links of the place; otherwise ''
--       network, wide_network      the client's own network, and the widest one around it
--       handle                     the id of the code handle, or '' if no code was requested
--       tag                        the tag of the code
--       code_token                 the mailed token, sealed for the handle
--       code_lifetime              the lifetime of the code, in ms
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
local id, record, portal, challenge, lifetime, retention, supersedes, network, wide_network, handle, tag, code_token,
  code_lifetime, job_key, job, maximum_length = unpack(ARGV)
local first_bucket, first_setting = 3, 17

local now_ms = math.floor(now / 1000)
-- A place holds so many links that one network requested, and so many of all networks: more than the default limits
-- admit to one recipient while a link lives, so that no stranger pushes out its owner's.
local maximum_of_network, maximum = supersedes == '' and 8 or 3, 48

-- Returns the links of a value, without one of them if there are too many: the oldest of the client's own network if that
-- has its maximum, otherwise the oldest of the network that has most, and of several such networks the client's own.
local function with_room(value)
  local offset, counts, owners, starts = 9, {}, {}, {}
  while offset <= #value do
    local start = offset + string.byte(value, offset) + 1
    local owner = string.sub(value, offset + 1, start - 1)
    counts[owner] = (counts[owner] or 0) + 1
    owners[#owners + 1], starts[#starts + 1] = owner, offset
    offset = start + 4 + struct.unpack('>I4', value, start)
  end
  starts[#starts + 1] = offset
  local own, most = counts[network] or 0, network
  if own < maximum_of_network then
    if #owners < maximum then return string.sub(value, 9) end
    for i = #owners, 1, -1 do
      if counts[owners[i]] > (counts[most] or 0) then most = owners[i] end
    end
  end
  for i = #owners, 1, -1 do
    if owners[i] == most then
      return string.sub(value, 9, starts[i] - 1) .. string.sub(value, starts[i + 1])
    end
  end
end

-- Adds a link to the value of its place, which is false if there is none, and stores it. Links.lua describes the value.
local function add(value, link)
  local text, earlier, kept_until = cmsgpack.pack(link), '', link.kept_until * 1000
  if value and #value > 8 then
    kept_until = math.max(kept_until, (struct.unpack('>I8', value)))
    earlier = with_room(value)
  end
  put(links_key, value,
    struct.pack('>I8', kept_until) .. string.char(#network) .. network .. struct.pack('>I4', #text) .. text .. earlier,
    'PXAT', string.format('%.0f', math.ceil(kept_until / 1000)))
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
    id = id, issued = now_ms, ends = now_ms + lifetime, kept_until = now_ms + lifetime + retention, portal = portal,
    challenge = challenge, record = record,
  }
  if supersedes ~= '' then link.supersedes = supersedes end
  if handle ~= '' then
    link.code = { id = handle, tag = tag, token = code_token, ends = now_ms + code_lifetime, network = wide_network }
  end
  add(value, link)
  local added = add_job(stream, 'v', '2', 'id', id, 'key', job_key, 'job', job)
  if added.err then fail(added) end
end
return { verdict, refusing, wait, quota(first_setting) }
