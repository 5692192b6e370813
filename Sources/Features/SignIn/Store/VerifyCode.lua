-- Takes a request's token by its code, once: whoever brings both is signed in.
--
-- At a request's key there is a line, CHECK DIGEST KEY: the HMAC of its code, the digest of its mailed token, and the id of
-- the key that the token is sealed under; and then the sealed token.
--
-- KEYS: 1 the request, 2 the client's bucket where there is a limit.
-- ARGV: 1 what all keys start with; 2 a name for this call, which no other has; 3 the challenge that the caller's verifier
--       fits, - where it brings none; 4 what CHECK may be for the code that the caller brings, parted by blanks; 5 how many
--       wrong codes there may be; 6 for how long they are remembered, in ms; then the bucket's burst, and the microseconds
--       that a token takes.
--
-- Returns the five integers of SendMagicLink, where the verdict is 1 taken, 0 limited, -1 not a code to take; and where it
-- was taken the sealed token, the id of its key, and its sealed record.
--
-- The same call again, because its answer was lost, is answered as before, and changes nothing; but of wrong codes only the
-- last is known again.
--
-- Wrong codes are counted by recipient, over all codes: otherwise each new mail would give a guesser as many tries again.
-- The last one destroys the code.

local prefix, call, challenge, candidates = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local most_tries, memory = tonumber(ARGV[5]), ARGV[6]
local first_bucket, first_setting = 2, 7

local check, digest, key_id, sealed = string.match(redis.call('GET', KEYS[1]) or '', '^(%x+) (%x+) (%S+)\n(.*)$')
local key = check and prefix .. 'token:' .. digest
local token = key and mailed(key)
local key_of_tries = token and prefix .. 'tries:' .. token.recipient
local tries, last = string.match(token and redis.call('GET', key_of_tries) or '', '^(%d+) (%x+)$')
tries = tonumber(tries or 0)

local refusing, wait = look(first_bucket, first_setting)
local is_repeated_try = last == call
local works = token and is_repeated(token, call)
if not works and not is_repeated_try then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if token and token.state == 'live' and tries < most_tries then
    -- Lua's strings are compared by where they are in memory, so it takes as long whether they are alike or not; and what
    -- is compared are HMACs.
    for candidate in string.gmatch(candidates, '%x+') do works = works or candidate == check end
    works = works and token.challenge == challenge
    if works then
      write(key, changed(token, 'used', call))
      redis.call('DEL', key_of_tries)
    else
      redis.call('SET', key_of_tries, tries + 1 .. ' ' .. call, 'PX', memory)
      if tries + 1 >= most_tries then redis.call('DEL', KEYS[1]) end
    end
  end
end
local left, full = quota(first_setting)
if not works then return { -1, 0, 0, left, full } end
return { 1, 0, 0, left, full, sealed, key_id, token.record }
