-- Exchanges a mailed token of an earlier version for an exchange token in that version's form.
--
-- KEYS  token_key           the mailed token
--       exchange_key        the exchange token
--       then the client's buckets, if there is a limit
-- ARGV  digest              the digest of the mailed token
--       exchange_digest     that of the exchange token
--       sealed              the mailed token, sealed for the exchange token
--       lifetime            the lifetime of the exchange token, in ms
--       then, if there is a limit, the settings of the buckets
--
-- Returns what ExchangeLink.lua returns, and keeps its rules.

local token_key, exchange_key = unpack(KEYS)
local digest, exchange_digest, sealed, lifetime = unpack(ARGV)
local first_bucket, first_setting = 3, 5

local token = mailed(token_key)
local refusing, wait = look(first_bucket, first_setting)
local is_live = token and token.state == 'live'
if not (is_live and token.claimant == exchange_digest) then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if is_live then
    replace(token_key, token, 'live', exchange_digest)
    redis.call('SET', exchange_key, 'via ' .. digest .. '\n' .. sealed, 'PX', lifetime)
  end
end
local left, full, pressed = quota(first_setting)
if not token then return { -1, 0, 0, left, full, pressed } end
return { is_live and 1 or -1, 0, 0, left, full, pressed, token.state, token.record }
