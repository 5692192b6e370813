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

local check, digest, key_id, sealed = string.match(redis.call('GET', KEYS[1]) or '', '^(%x+) (%x+) (%S+)\n(.*)$')
local key = check and ARGV[1] .. 'token:' .. digest
local token = key and mailed(key)
local key_of_tries = token and ARGV[1] .. 'tries:' .. token.recipient
local tries, last = string.match(token and redis.call('GET', key_of_tries) or '', '^(%d+) (%x+)$')
tries = tonumber(tries or 0)

local refusing, wait = look(2, 7)
local is_repeated_try = last == ARGV[2]
local works = token and is_repeated(token, ARGV[2])
if not works and not is_repeated_try then
  if refusing > 0 then return { 0, refusing, wait, quota(7) } end
  take(2, 7)
  if token and token.state == 'live' and tries < tonumber(ARGV[5]) then
    -- Lua's strings are compared by where they are in memory, so it takes as long whether they are alike or not; and what
    -- is compared are HMACs.
    for candidate in string.gmatch(ARGV[4], '%x+') do works = works or candidate == check end
    works = works and token.challenge == ARGV[3]
    if works then
      write(key, changed(token, 'used', ARGV[2]))
      redis.call('DEL', key_of_tries)
    else
      redis.call('SET', key_of_tries, tries + 1 .. ' ' .. ARGV[2], 'PX', ARGV[6])
      if tries + 1 >= tonumber(ARGV[5]) then redis.call('DEL', KEYS[1]) end
    end
  end
end
local left, full = quota(7)
if not works then return { -1, 0, 0, left, full } end
return { 1, 0, 0, left, full, sealed, key_id, token.record }
