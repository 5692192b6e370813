-- Verifies a token or a code of an earlier version, and marks its mailed token as used.
--
-- KEYS  token_key       the mailed token
--       tries_key       the count of the recipient's wrong codes
--       then the client's buckets, and for a code that of the deployment's wrong codes, if there are limits
-- ARGV  claimant        the digest of the client's exchange token; - if it sent the mailed token; '' if it sent a code
--       call            an id of this call, which no other call has
--       challenge       the challenge of the client's verifier, or - if it sent none
--       is_right        1, or 0 if the client sent a wrong code
--       maximum_tries   the number of wrong codes after which no code works
--       tries_lifetime  the time for which they are remembered, in ms
--       then, if there are buckets, their settings
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited) or -1 (refused); if the
-- verdict is 1, the sealed record follows.
--
-- If this call is repeated because its reply was lost, it is answered as before, and changes nothing.

local token_key, tries_key = unpack(KEYS)
local claimant, call, challenge, is_right, maximum_tries, tries_lifetime = unpack(ARGV)
local first_bucket, first_setting = 3, 7

-- Takes a token from the bucket of the deployment's wrong codes, if there is one.
local function charge_deployment()
  local number = #KEYS >= first_bucket and string.byte(ARGV[first_setting], 2) or 0
  if number > 0 then take(first_bucket, first_setting, number, number) end
end

local token = mailed(token_key)
local tries, last_call = string.match(redis.call('GET', tries_key) or '', '^(%d+) (%x+)$')
tries = tonumber(tries or 0)
local refusing, wait = look(first_bucket, first_setting)
local is_valid = token and token.state == 'used' and token.claimant == call
if not is_valid and last_call ~= call then
  charge_client(first_bucket, first_setting)
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  -- An exchange token has a lifetime of its own: it works although the link expired after the button was pressed.
  local is_live = token and (token.state == 'live' or (token.state == 'expired' and #claimant > 1))
  if is_live and (claimant ~= '' or tries < tonumber(maximum_tries)) then
    is_valid = is_right == '1' and (claimant == '' or token.claimant == claimant) and token.challenge == challenge
    if is_valid then
      replace(token_key, token, 'used', call)
      redis.call('DEL', tries_key)
    elseif claimant == '' then
      charge_deployment()
      redis.call('SET', tries_key, tries + 1 .. ' ' .. call, 'PX', tries_lifetime)
    end
  end
end
local left, full, pressed = quota(first_setting)
if not is_valid then return { -1, 0, 0, left, full, pressed } end
return { 1, 0, 0, left, full, pressed, token.record }
