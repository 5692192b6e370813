-- The entries of tokens. This script is placed before every script that reads them.
--
-- The value of a token's key is one of these: a line of words, and then bytes.
--
--   STATE RETENTION CHALLENGE RECIPIENT CLAIMANT    a mailed token, and its sealed record
--   via DIGEST                                      an exchange token, and its mailed token, sealed for it
--
-- STATE is live, dead (superseded by a newer link) or used. RETENTION is the time in ms by which the entry outlives its
-- link, so that the confirmation page can explain a link that no longer works. CHALLENGE is the challenge that the
-- client's verifier must match, or - if the link works in every browser. RECIPIENT is the recipient's tag, an HMAC of
-- the address. CLAIMANT is - at first. After an exchange it is the digest of the newest exchange token. After use it is the
-- id of the call that used the link. DIGEST is the digest of the mailed token.

-- Parses the entry of a mailed token whose key has `left` ms to live. Returns nil if the value is not such an entry.
-- The state can also be `expired`.
local function read(value, left)
  local token = {}
  token.state, token.retention, token.challenge, token.recipient, token.claimant, token.record =
    string.match(value, '^(%l+) (%d+) (%S+) (%S+) (%S+)\n(.*)$')
  if not token.state then return nil end
  if token.state == 'live' and left <= tonumber(token.retention) then token.state = 'expired' end
  return token
end

-- Reads the entry of a mailed token, or else `decoy`. Returns the parsed entry, or nil if there is neither; and the
-- value that was read.
local function mailed(key, decoy)
  local left = redis.call('PTTL', key)
  local value = redis.call('GET', key) or decoy or ''
  return read(value, left) or (decoy and read(decoy, left)), value
end

-- Replaces the value of a token's key, if the key exists. It keeps its time to live.
local function write(key, value)
  redis.call('SET', key, value, 'XX', 'KEEPTTL')
end

-- Returns the entry of a mailed token with another state and claimant.
local function changed(token, state, claimant)
  local line = table.concat({ state, token.retention, token.challenge, token.recipient, claimant }, ' ')
  return line .. '\n' .. token.record
end

-- Whether this very call used the mailed token before, and is repeated because its reply was lost.
local function is_repeated(token, call)
  return token.state == 'used' and token.claimant == call
end
