-- Stores a link that a trusted caller requested, and queues its email if it is to be mailed. Does all of it, or
-- nothing.
-- Links.lua describes the links of a place; Buckets.lua, that text and AddJob.lua are prepended to this one.
--
-- KEYS  links_key                  the links of the place
--       stream                     the mail stream
--       answer_key                 the answer to the caller's idempotency key
-- ARGV  id                         the id of the link and of the job: the first half of its token's digest
--       record                     the link's sealed record
--       portal                     the tag of the portal that it signs in at
--       lifetime, retention        its lifetime, and the time after that for which it is kept, in ms
--       handle                     the id of the code handle, or '' if there is no code
--       tag                        the tag of the code
--       code_token                 the mailed token, sealed for the handle
--       code_lifetime              the lifetime of the code, in ms
--       job_version, job_key, job  the version of the sealed job, the id of the key that sealed it, and the job; '' if
--                                  nothing is mailed
--       maximum_length             the maximum length of the stream
--       answer                     the sealed answer to the caller; '' if it sent no idempotency key
--       answer_lifetime            the time for which the answer is kept, in ms
--
-- Returns 1 (stored), -1 (the stream is full), or the answer to an earlier call with the same idempotency key.
--
-- The links of a place work independently of each other. A ninth one pushes the oldest out.
--
-- A call with the same id repeats the same request, because the reply was lost: it changes nothing.

local links_key, stream, answer_key = unpack(KEYS)
local id, record, portal, lifetime, retention, handle, tag, code_token, code_lifetime, job_version, job_key, job,
  maximum_length, answer, answer_lifetime = unpack(ARGV)

local value = redis.call('GET', links_key)
local links = links_in(value)
if with_id(links, id) then return 1 end
if answer ~= '' then
  local earlier = redis.call('GET', answer_key)
  if earlier then return earlier end
end
if job ~= '' and redis.call('XLEN', stream) >= tonumber(maximum_length) then return -1 end

local link = {
  id = id, issued = now_ms, ends = now_ms + lifetime, kept_until = now_ms + lifetime + retention, portal = portal,
  challenge = '*', record = record, network = '',
}
if handle ~= '' then
  link.code = { id = handle, tag = tag, token = code_token, ends = now_ms + code_lifetime, network = 'api' }
end
table.insert(links, 1, link)
while #links > 8 do table.remove(links) end
write(links_key, value, links)
if answer ~= '' then put(answer_key, false, answer, 'PX', answer_lifetime) end
if job ~= '' then
  local added = add_job(stream, 'v', job_version, 'id', id, 'key', job_key, 'job', job)
  if added.err then fail(added) end
end
return 1
