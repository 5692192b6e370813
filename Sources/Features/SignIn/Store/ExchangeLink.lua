-- Exchanges a mailed token for an exchange token, which works for a short time. A person who saw only the mailed link
-- cannot use it.
--
-- KEYS  links_key              the links of the token's place
--       then the client's buckets, if there is a limit
-- ARGV  id, exchange_id        the ids of the mailed token and of the exchange token
--       sealed                 the mailed token, sealed for the exchange token
--       lifetime               the lifetime of the exchange token, in ms
--       keys                   the ids of the deployment's keys, separated and surrounded by spaces
--       then, if there is a limit, the settings of the buckets
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (exchanged), 0 (limited), -1 (refused) or 2 (the
-- deployment's key that sealed the link is missing; nothing changed). Then for 1 and -1 the link's state and sealed
-- record, if it is stored. For 2 the id of the missing key.
--
-- Until the link is used, the token can be exchanged again, because a button can be pressed twice, and a portal can
-- fail. Only the last exchange token works. If this call is repeated because its reply was lost, it is answered as
-- before, and changes nothing.

local links_key = unpack(KEYS)
local id, exchange_id, sealed, lifetime, keys = unpack(ARGV)
local first_bucket, first_setting = 2, 6

local value = redis.call('GET', links_key)
local links = links_in(value)
local link = with_id(links, id)
local missing_id = link and missing_key(link.record, keys)
if missing_id then return { 2, 0, 0, 0, 0, -1, missing_id } end
local refusing, wait = look(first_bucket, first_setting)
local is_live = link and state_of(link) == 'live'
if not (is_live and link.exchange and link.exchange.id == exchange_id) then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if is_live then
    link.exchange = { id = exchange_id, ends = now_ms + lifetime, token = sealed }
    link.kept_until = math.max(link.kept_until, link.exchange.ends)
    write(links_key, value, links)
  end
end
local left, full, pressed = quota(first_setting)
if not link then return { -1, 0, 0, left, full, pressed } end
return { is_live and 1 or -1, 0, 0, left, full, pressed, state_of(link), link.record }
