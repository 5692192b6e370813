-- Takes a token, once: whoever brings it is signed in.
--
-- KEYS: 1 the token, 2 the client's bucket where there is a limit.
-- ARGV: 1 what all keys start with; 2 a name for this call, which no other has; 3 the challenge that the caller's verifier
--       fits, - where it brings none; then the bucket's burst, and the microseconds that a token takes.
--
-- Returns the five integers of SendMagicLink, where the verdict is 1 taken, 0 limited, -1 not a token to take; and where it
-- was taken the mailed token as it was sealed for the caller's, '' where that is the mailed one, and the sealed record.
--
-- The same call again, because its answer was lost, is answered as before. It takes another token from the bucket.

local refusing, wait = look(2, 4)
if refusing > 0 then return { 0, refusing, wait, quota(4) } end
take(2, 4)
local left, full = quota(4)

local key, holder, sealed = KEYS[1], '-', ''
local digest, box = string.match(redis.call('GET', key) or '', '^via (%x+)\n(.*)$')
if digest then
  holder, sealed = string.match(key, '%x+$'), box
  key = ARGV[1] .. 'token:' .. digest
end
local token = mailed(key)
if not token then return { -1, 0, 0, left, full } end
if not is_repeated(token, ARGV[2]) then
  -- What it was changed for has a lifetime of its own: who pressed the button in time is let in.
  local works = token.state == 'live' or (token.state == 'expired' and digest)
  if not works or token.holder ~= holder or token.challenge ~= ARGV[3] then return { -1, 0, 0, left, full } end
  change(key, token, 'used', ARGV[2])
  redis.call('DEL', ARGV[1] .. 'tries:' .. token.recipient)
end
return { 1, 0, 0, left, full, sealed, token.record }
