-- Exchanges a mailed token for an exchange token, which works for a short time. A person who saw only the mailed link
-- cannot use it.
--
-- KEYS: 1 the mailed token; 2 the exchange token; 3 the client's bucket, if there is a limit.
-- ARGV: 1 the mailed token, sealed for the exchange token; 2 the lifetime of the exchange token, in ms; then, if there
--       is a limit, the bucket's burst, and its microseconds per token.
--
-- Returns the five integers of SendMagicLink.lua, with the verdict 1 (exchanged), 0 (limited) or -1 (refused). Unless
-- the verdict is 0, the mailed token's state and sealed record follow, if it has an entry.
--
-- Until the link is used, the token can be exchanged again, because a button can be pressed twice, and a portal can
-- fail. Only the last exchange token works. If this call is repeated because its reply was lost, it is answered as
-- before, and changes nothing.

local sealed, lifetime = ARGV[1], ARGV[2]
local first_bucket, first_setting = 3, 3

local token = mailed(KEYS[1])
local exchange_digest = string.match(KEYS[2], '%x+$')
local refusing, wait = look(first_bucket, first_setting)
local is_live = token and token.state == 'live'
if not (is_live and token.claimant == exchange_digest) then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if is_live then
    write(KEYS[1], changed(token, 'live', exchange_digest))
    redis.call('SET', KEYS[2], 'via ' .. string.match(KEYS[1], '%x+$') .. '\n' .. sealed, 'PX', lifetime)
  end
end
local left, full = quota(first_setting)
if not token then return { -1, 0, 0, left, full } end
return { is_live and 1 or -1, 0, 0, left, full, token.state, token.record }
