-- The entries of tokens of an earlier version, which gave each token a key of its own. This text is prepended to the
-- scripts that read them. They are read, exchanged and used until they have expired.
--
-- The value of a token's key is one of these: a line of words, and then bytes.
--
--   STATE RETENTION CHALLENGE RECIPIENT CLAIMANT    a mailed token, and its sealed record
--   via DIGEST                                      an exchange token, and its mailed token, sealed for it
--
-- STATE is live, dead (superseded by a newer link) or used. RETENTION is the time in ms by which the entry outlives its
-- link. CHALLENGE is the challenge that the client's verifier must match, or - if the link works in every browser.
-- RECIPIENT is the tag of the recipient, under which wrong codes were counted.
-- CLAIMANT is - at first; after an exchange the digest of the newest exchange token; after use the id of the call that
-- used the link. DIGEST is the digest of the mailed token.
--
-- The value of a code handle's key is a line, TAG DIGEST KEY_ID, and the mailed token, sealed for the handle.

-- Reads the entry of a mailed token. Returns nil if there is none. Its state can also be `expired`.
local function mailed(key)
  local token = {}
  token.state, token.retention, token.challenge, token.recipient, token.claimant, token.record =
    string.match(redis.call('GET', key) or '', '^(%l+) (%d+) (%S+) (%S+) (%S+)\n(.*)$')
  if not token.state then return nil end
  if token.state == 'dead' then token.state = 'superseded' end
  if token.state == 'live' and redis.call('PTTL', key) <= tonumber(token.retention) then token.state = 'expired' end
  return token
end

-- Stores a mailed token with another state and claimant. Its key keeps its time to live.
local function replace(key, token, state, claimant)
  local line = table.concat({ state, token.retention, token.challenge, token.recipient, claimant }, ' ')
  redis.call('SET', key, line .. '\n' .. token.record, 'XX', 'KEEPTTL')
end
