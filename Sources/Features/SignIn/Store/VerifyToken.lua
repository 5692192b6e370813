-- Takes a token, once: whoever brings it is signed in.
--
-- KEYS: 1 the token, 2 the client's bucket where there is a limit.
-- ARGV: 1 what all keys start with; 2 a name for this call, which no other has; 3 the challenge that the caller's verifier
--       fits, - where it brings none; 4 and 5 the entry of a mailed token that nobody can take, and of one that it was
--       changed for, '' where that is rare; then the bucket's burst, and the microseconds that a token takes.
--
-- Returns the five integers of SendMagicLink, where the verdict is 1 taken, 0 limited, -1 not a token to take. Unless it is
-- 0 three strings follow: the mailed token as it was sealed for the caller's, '' where that is the mailed one; ''; and its
-- sealed record. They mean nothing where the verdict is -1.
--
-- A token that is not taken has the same done for it as one that is: where there is none the entries of ARGV are read, and
-- what was read is written back. So the time does not tell what kind of token it was.
--
-- The same call again, because its answer was lost, is answered as before, and changes nothing.

local prefix, call, challenge, decoy, decoy_of_fresh = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local first_bucket, first_setting = 2, 6

local key, holder, sealed = KEYS[1], '-', ''
local digest, box = string.match(redis.call('GET', key) or decoy_of_fresh, '^via (%x+)\n(.*)$')
if digest then
  holder, sealed = string.match(key, '%x+$'), box
  key = prefix .. 'token:' .. digest
end
local token, value = mailed(key, decoy)

local refusing, wait = look(first_bucket, first_setting)
local works = is_repeated(token, call)
if not works then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  -- What it was changed for has a lifetime of its own: who pressed the button in time is let in.
  works = token.state == 'live' or (token.state == 'expired' and digest)
  works = works and token.holder == holder and token.challenge == challenge
end
write(key, works and changed(token, 'used', call) or value)
redis.call('DEL', prefix .. 'tries:' .. (works and token.recipient or '-'))
local left, full = quota(first_setting)
return { works and 1 or -1, 0, 0, left, full, sealed, '', token.record }
