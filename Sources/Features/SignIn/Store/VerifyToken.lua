-- Verifies a token, and marks its link as used. A link works once.
--
-- KEYS  links_key                     the links of the token's place
--       tries_key                     the wrong codes of the recipient
--       then the client's buckets, if there is a limit
-- ARGV  id                            the id of the token: a mailed token, or an exchange token
--       call                          an id of this call, which no other call has
--       challenge                     the challenge of the client's verifier, or - if it sent none
--       portal                        the tag of the portal that presents the token, or '' if it did not say
--       keys                          the ids of the deployment's keys, separated and surrounded by spaces
--       decoy_record, decoy_token     the record and the sealed mailed token of a link that is never accepted
--       then, if there is a limit, the settings of the buckets
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited), -1 (refused) or 2 (the
-- deployment's key that sealed the link is missing; nothing changed). Then for 1 and -1 the mailed token, sealed for the
-- client's exchange token, or '' if the client sent the mailed token; and the sealed record. They are the decoy's if the
-- verdict is -1. For 2 the id of the missing key.
--
-- A refused token causes the same work as an accepted one: the decoy replaces a link that is not there, the links are
-- written back, and the reply is as long. So the time does not tell why it was refused. It does depend on the number of
-- links at the place.
--
-- If this call is repeated because its reply was lost, and the token was accepted, it is answered as before, and changes
-- nothing.

local links_key, tries_key = unpack(KEYS)
local id, call, challenge, portal, keys, decoy_record, decoy_token = unpack(ARGV)
local first_bucket, first_setting = 3, 8

local decoy = {
  id = '', state = 'none', ends = 0, kept_until = 0, challenge = '-', record = decoy_record, network = '',
}
if decoy_token ~= '' then decoy.exchange = { id = '', ends = 0, token = decoy_token } end
local stored_value, stored_tries = redis.call('GET', links_key), redis.call('GET', tries_key)
local value = stored_value or packed({ decoy })
local links = links_in(value)
local found = find(links, function(link) return link.id == id or (link.exchange and link.exchange.id == id) end)
local link = found or decoy
local is_exchange = link.id ~= id
if found then
  local missing_id = missing_key(link.record, keys) or (is_exchange and missing_key(link.exchange.token, keys))
  if missing_id then return { 2, 0, 0, 0, 0, -1, missing_id } end
end

local refusing, wait = look(first_bucket, first_setting)
local was_valid = is_repeated(link, call)
local is_valid = was_valid
if not was_valid then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  -- An exchange token has a lifetime of its own: it works although the link expired after the button was pressed.
  if is_exchange then
    is_valid = not link.state and link.exchange and link.exchange.ends > now_ms
  else
    is_valid = state_of(link) == 'live' and not link.exchange
  end
  is_valid = is_valid and admits(link, challenge) and is_for(link, portal)
  if is_valid then use(links, link, call) end
end
if not is_valid then link = decoy end
local changed = packed(links)
local is_new = is_valid and not was_valid
put(links_key, stored_value, is_new and changed or value, 'XX', 'KEEPTTL')
if is_new and stored_tries and link.code then
  local _, _, counts = tries_in(stored_tries, '')
  counts[link.code.network] = nil
  put_tries(tries_key, stored_tries, counts)
end
local left, full, pressed = quota(first_setting)
local sealed = link.exchange and (is_exchange or not is_valid) and link.exchange.token or ''
return { is_valid and 1 or -1, 0, 0, left, full, pressed, sealed, link.record }
