-- Verifies a token, and marks its mailed token as used. A link works once.
--
-- KEYS: 1 the token; 2 the client's bucket, if there is a limit.
-- ARGV: 1 the prefix of all keys; 2 an id of this call, which no other call has; 3 the challenge of the client's
--       verifier, or - if it sent none; 4 the decoy, the entry of a mailed token that is never accepted; 5 the entry of
--       an exchange token for the decoy, or '' if exchange tokens are rare; then, if there is a limit, the bucket's
--       burst, and its microseconds per token.
--
-- Returns the five integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited) or -1 (refused). Unless
-- the verdict is 0, three strings follow: the mailed token, sealed for the client's exchange token, or '' if the client
-- sent the mailed token; ''; and the sealed record. They have no meaning if the verdict is -1.
--
-- A refused token causes the same work as an accepted one: the decoys replace missing entries, and the value that was
-- read is written back. So the time does not tell what kind of token it was.
--
-- If this call is repeated because its reply was lost, it is answered as before, and changes nothing.

local prefix, call, challenge, decoy, exchange_decoy = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local first_bucket, first_setting = 2, 6

local token_key, claimant, sealed = KEYS[1], '-', ''
local digest, box = string.match(redis.call('GET', token_key) or exchange_decoy, '^via (%x+)\n(.*)$')
if digest then
  claimant, sealed = string.match(token_key, '%x+$'), box
  token_key = prefix .. 'token:' .. digest
end
local token, value = mailed(token_key, decoy)

local refusing, wait = look(first_bucket, first_setting)
local is_valid = is_repeated(token, call)
if not is_valid then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  -- An exchange token has a lifetime of its own: it works although the link expired after the button was pressed.
  is_valid = token.state == 'live' or (token.state == 'expired' and digest)
  is_valid = is_valid and token.claimant == claimant and token.challenge == challenge
end
write(token_key, is_valid and changed(token, 'used', call) or value)
redis.call('DEL', prefix .. 'tries:' .. (is_valid and token.recipient or '-'))
local left, full = quota(first_setting)
return { is_valid and 1 or -1, 0, 0, left, full, sealed, '', token.record }
