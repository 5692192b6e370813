-- Looks at a mailed token, and changes nothing.
--
-- KEYS: 1 the token.
-- Returns its state (live, expired, dead or used) and its sealed record; nothing where there is none.

local token = mailed(KEYS[1])
if not token then return {} end
return { token.state, token.record }
