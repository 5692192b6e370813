-- Verifies a code together with its handle, and marks its mailed token as used. A code works once.
--
-- The value of a code handle's key is a line, TAG DIGEST KEY_ID, and then the sealed mailed token. TAG is the HMAC of
-- the code and its handle, DIGEST the digest of the mailed token, and KEY_ID the id of the key that sealed the token.
--
-- KEYS: 1 the code handle; 2 the client's bucket, if there is a limit.
-- ARGV: 1 the prefix of all keys; 2 an id of this call, which no other call has; 3 the challenge of the client's
--       verifier, or - if it sent none; 4 the tags of the client's code, separated by spaces: one for each key of the
--       deployment; 5 the number of wrong codes after which no code works; 6 the time for which they are remembered, in
--       ms; then, if there is a limit, the bucket's burst, and its microseconds per token.
--
-- Returns the five integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited) or -1 (refused). If the
-- verdict is 1, the sealed mailed token, the id of its key, and its sealed record follow.
--
-- If this call is repeated because its reply was lost, it is answered as before, and changes nothing. Of the calls with
-- a wrong code, only a recipient's last one is recognized.
--
-- Wrong codes are counted for each recipient, over all codes. Otherwise each new email would give an attacker as many
-- tries again. The last try deletes the code.

local prefix, call, challenge, tags = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local maximum_tries, tries_lifetime = tonumber(ARGV[5]), ARGV[6]
local first_bucket, first_setting = 2, 7

local tag, digest, key_id, sealed = string.match(redis.call('GET', KEYS[1]) or '', '^(%x+) (%x+) (%S+)\n(.*)$')
local token_key = tag and prefix .. 'token:' .. digest
local token = token_key and mailed(token_key)
local tries_key = token and prefix .. 'tries:' .. token.recipient
local tries, last_call = string.match(token and redis.call('GET', tries_key) or '', '^(%d+) (%x+)$')
tries = tonumber(tries or 0)

local refusing, wait = look(first_bucket, first_setting)
local is_repeated_try = last_call == call
local is_valid = token and is_repeated(token, call)
if not is_valid and not is_repeated_try then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if token and token.state == 'live' and tries < maximum_tries then
    -- Lua compares strings by their place in memory, so the time does not depend on their bytes; and these are HMACs.
    for candidate in string.gmatch(tags, '%x+') do is_valid = is_valid or candidate == tag end
    is_valid = is_valid and token.challenge == challenge
    if is_valid then
      write(token_key, changed(token, 'used', call))
      redis.call('DEL', tries_key)
    else
      redis.call('SET', tries_key, tries + 1 .. ' ' .. call, 'PX', tries_lifetime)
      if tries + 1 >= maximum_tries then redis.call('DEL', KEYS[1]) end
    end
  end
end
local left, full = quota(first_setting)
if not is_valid then return { -1, 0, 0, left, full } end
return { 1, 0, 0, left, full, sealed, key_id, token.record }
