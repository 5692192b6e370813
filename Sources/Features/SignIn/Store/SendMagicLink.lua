-- Admits a sign-in request: takes from its buckets, stores its token and queues its email. Does all of it, or nothing.
--
-- KEYS: 1 the token; 2 the mail stream; from 3 on the bucket of each limit, the client's first.
-- ARGV: 1 the lifetime of the token's entry, in ms; 2 that entry; 3 the job's id; 4 the id of the key that sealed the
--       job; 5 the sealed job; 6 the maximum length of the stream; 7 the lifetime of the link, in ms; 8 the lifetime of
--       an exchange token, in ms; 9 the key that holds the digest of the newest link's token, or '' if several links
--       can work at once; 10 the key of the code handle, or '' if no code was requested; 11 the handle's entry; then
--       for each bucket its burst, and its microseconds per token.
--
-- Returns five integers: the verdict, which is 1 (admitted), 0 (limited) or -1 (the stream is full); the number of the
-- bucket with the longest wait, counted from 1, or 0; that wait in microseconds; the tokens left in the first bucket;
-- and the microseconds until the first bucket is full. Without a bucket the last two are 0.
--
-- A call with the same token repeats the same request, because the reply was lost: it is admitted, and changes nothing.
--
-- Keys that are not among KEYS have the same prefix, and so, on a cluster, the same hash tag.

local token_key, stream = KEYS[1], KEYS[2]
local entry_lifetime, entry, job_id, job_key_id, sealed_job = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local maximum_length, link_lifetime, exchange_lifetime = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local newest_key, handle_key, handle_entry = ARGV[9], ARGV[10], ARGV[11]
local first_bucket, first_setting = 3, 12

local refusing, wait = look(first_bucket, first_setting)
local verdict
if refusing > 0 then
  verdict = 0
elseif redis.call('XLEN', stream) >= maximum_length then
  verdict = -1
elseif redis.call('SET', token_key, entry, 'NX', 'PX', entry_lifetime) then
  verdict = 1
  take(first_bucket, first_setting)
  if newest_key ~= '' then
    local prefix, digest = string.match(token_key, '^(.*:)(%x+)$')
    local earlier = redis.call('SET', newest_key, digest, 'PX', link_lifetime + exchange_lifetime, 'GET')
    -- A used link stays used, so that the confirmation page can say so.
    if earlier and redis.call('GETRANGE', prefix .. earlier, 0, 3) == 'live' then
      redis.call('SETRANGE', prefix .. earlier, 0, 'dead')
    end
  end
  if handle_key ~= '' then redis.call('SET', handle_key, handle_entry, 'PX', link_lifetime) end
  redis.call('XADD', stream, '*', 'v', '1', 'id', job_id, 'key', job_key_id, 'job', sealed_job)
end
if verdict ~= 1 and redis.call('EXISTS', token_key) == 1 then verdict, refusing, wait = 1, 0, 0 end
return { verdict, refusing, wait, quota(first_setting) }
