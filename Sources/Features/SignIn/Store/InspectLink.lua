-- Reads the state of a mailed token. Changes nothing.
--
-- KEYS: 1 the token.
-- ARGV: none.
--
-- Returns the token's state (live, expired, dead or used) and its sealed record, or an empty array if it has no entry.

local token = mailed(KEYS[1])
if not token then return {} end
return { token.state, token.record }
