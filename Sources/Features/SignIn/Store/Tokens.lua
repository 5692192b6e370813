-- What tokens lead to. Stands before every script that looks at one.
--
-- At a token's key there is one of these, a line of words and then bytes:
--
--   STATE RETENTION CHALLENGE RECIPIENT HOLDER    a mailed token, and its sealed record
--   via DIGEST                                    a token that a mailed one was changed for, and the mailed one, sealed for it
--
-- STATE is live, dead (a newer link was sent) or used. RETENTION is for how many ms the entry outlives the link, so that a
-- dead link can explain itself. CHALLENGE is what the verifier must fit, RECIPIENT the HMAC of the address; each is - where
-- there is none. HOLDER is who may go on: - for whoever has the mailed token, the digest of the token that it was changed
-- for, or, once it is used, the name of the call that used it.

-- The entry of a mailed token that is written in a value; nil where there is none. Its state can also be `expired`.
local function read(value, left)
  local token = {}
  token.state, token.retention, token.challenge, token.recipient, token.holder, token.record =
    string.match(value, '^(%l+) (%d+) (%S+) (%S+) (%S+)\n(.*)$')
  if not token.state then return nil end
  if token.state == 'live' and left <= tonumber(token.retention) then token.state = 'expired' end
  return token
end

-- A mailed token's entry; where there is none, the one that `other` is, or nil. And what stands there as it is.
local function mailed(key, other)
  local left = redis.call('PTTL', key)
  local value = redis.call('GET', key) or other or ''
  return read(value, left) or (other and read(other, left)), value
end

-- Writes what stands at a token's key, if anything does. It lives no longer for that.
local function write(key, value)
  redis.call('SET', key, value, 'XX', 'KEEPTTL')
end

-- A mailed token's entry in another state and with another holder.
local function changed(token, state, holder)
  local line = table.concat({ state, token.retention, token.challenge, token.recipient, holder }, ' ')
  return line .. '\n' .. token.record
end

-- Whether a mailed token was used by this very call, which is repeated because its answer was lost.
local function is_repeated(token, call)
  return token.state == 'used' and token.holder == call
end
