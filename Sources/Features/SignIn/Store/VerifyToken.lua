-- Verifies a token, and marks its link as used. A link works once.
--
-- KEYS  links_key                     the links of the token's place
--       tries_key                     the count of the recipient's wrong codes
--       earlier_key                   the key of the token, if an earlier version stored it
--       then the client's buckets, if there is a limit
-- ARGV  id                            the id of the token: a mailed token, or an exchange token
--       call                          an id of this call, which no other call has
--       challenge                     the challenge of the client's verifier, or - if it sent none
--       decoy_record, decoy_token     the record and the sealed mailed token of a link that is never accepted
--       then, if there is a limit, the settings of the buckets
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited), -1 (refused) or 2 (the
-- token is an earlier version's; nothing changed). Unless the verdict is 0 or 2, three strings follow: the mailed token,
-- sealed for the client's exchange token, or '' if the client sent the mailed token; ''; and the sealed record. They are
-- the decoy's if the verdict is -1.
--
-- A refused token causes the same work as an accepted one: the decoy replaces a link that is not there, the links are
-- written back, and the reply is as long. So the time does not tell why it was refused. It does depend on the number of
-- links at the place.
--
-- If this call is repeated because its reply was lost, and the token was accepted, it is answered as before, and changes
-- nothing.

local links_key, tries_key, earlier_key = unpack(KEYS)
local id, call, challenge, decoy_record, decoy_token = unpack(ARGV)
local first_bucket, first_setting = 4, 6

local decoy = { id = '', state = 'none', ends = 0, kept_until = 0, challenge = '-', record = decoy_record }
if decoy_token ~= '' then decoy.exchange = { id = '', ends = 0, token = decoy_token } end
local value = redis.call('GET', links_key) or packed({ decoy })
local links = links_in(value)
local is_earlier = redis.call('EXISTS', earlier_key) == 1
local found = find(links, function(link) return link.id == id or (link.exchange and link.exchange.id == id) end)
if not found and is_earlier then return { 2, 0, 0, 0, 0, -1 } end
local link = found or decoy
local is_exchange = link.id ~= id

local refusing, wait = look(first_bucket, first_setting)
local is_valid = is_repeated(link, call)
if not is_valid then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  -- An exchange token has a lifetime of its own: it works although the link expired after the button was pressed.
  if is_exchange then
    is_valid = not link.state and link.exchange.ends > now_ms
  else
    is_valid = state_of(link) == 'live' and not link.exchange
  end
  is_valid = is_valid and admits(link, challenge)
end
if is_valid then use(links, link, call) else link = decoy end
local changed = packed(links)
redis.call('SET', links_key, is_valid and changed or value, 'XX', 'KEEPTTL')
redis.call(is_valid and 'DEL' or 'EXISTS', tries_key)
local left, full, pressed = quota(first_setting)
local sealed = link.exchange and (is_exchange or not is_valid) and link.exchange.token or ''
return { is_valid and 1 or -1, 0, 0, left, full, pressed, sealed, '', link.record }
