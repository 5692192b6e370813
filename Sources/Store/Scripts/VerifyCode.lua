-- Takes a request's token by its code, once: whoever brings both is signed in.
--
-- At a request's key there is a line, CHECK DIGEST: the HMAC of its code and the digest of its mailed token; and then that
-- token, sealed for who knows the request's name.
--
-- KEYS: 1 the request, 2 the client's bucket where there is a limit.
-- ARGV: 1 what all keys start with; 2 a name for this call, which no other has; 3 the challenge that the caller's verifier
--       fits, - where it brings none; 4 the HMAC of the code that the caller brings; 5 how many wrong codes there may be;
--       6 for how long they are remembered, in ms; then the bucket's burst, and the microseconds that a token takes.
--
-- Returns what VerifyToken does. The same call again, because its answer was lost, is answered as before.
--
-- Wrong codes are counted by recipient, over all codes: otherwise each new mail would give a guesser as many tries again.
-- The last one destroys the code.

local refusing, wait = look(2, 7)
if refusing > 0 then return { 0, refusing, wait, quota(7) } end
take(2, 7)
local left, full = quota(7)

local check, digest, sealed = string.match(redis.call('GET', KEYS[1]) or '', '^(%x+) (%x+)\n(.*)$')
local key = check and ARGV[1] .. 'token:' .. digest
local token = key and mailed(key)
if not token then return { -1, 0, 0, left, full } end
if not is_repeated(token, ARGV[2]) then
  local key_of_tries = ARGV[1] .. 'tries:' .. token.recipient
  local tries, last = string.match(redis.call('GET', key_of_tries) or '', '^(%d+) (%x+)$')
  tries = tonumber(tries or 0)
  if token.state ~= 'live' or tries >= tonumber(ARGV[5]) then return { -1, 0, 0, left, full } end
  -- Lua's strings are compared by where they are in memory, so it takes as long whether they are alike or not; and what is
  -- compared are HMACs.
  if check ~= ARGV[4] or token.challenge ~= ARGV[3] then
    if last ~= ARGV[2] then
      redis.call('SET', key_of_tries, tries + 1 .. ' ' .. ARGV[2], 'PX', ARGV[6])
      if tries + 1 >= tonumber(ARGV[5]) then redis.call('DEL', KEYS[1]) end
    end
    return { -1, 0, 0, left, full }
  end
  change(key, token, 'used', ARGV[2])
  redis.call('DEL', key_of_tries)
end
return { 1, 0, 0, left, full, sealed, token.record }
