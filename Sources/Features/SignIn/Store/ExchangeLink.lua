-- Exchanges a mailed token for an exchange token, which works for a short time. A person who saw only the mailed link
-- cannot use it.
--
-- KEYS  links_key              the links of the token's place
--       earlier_key            the key of the token, if an earlier version stored it
--       then the client's buckets, if there is a limit
-- ARGV  id, exchange_id        the ids of the mailed token and of the exchange token
--       sealed                 the mailed token, sealed for the exchange token
--       lifetime               the lifetime of the exchange token, in ms
--       then, if there is a limit, the settings of the buckets
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (exchanged), 0 (limited), -1 (refused) or 2 (the
-- token is an earlier version's; nothing changed). Unless the verdict is 0 or 2, the link's state and sealed record
-- follow, if it is stored.
--
-- Until the link is used, the token can be exchanged again, because a button can be pressed twice, and a portal can
-- fail. Only the last exchange token works. If this call is repeated because its reply was lost, it is answered as
-- before, and changes nothing.

local links_key, earlier_key = unpack(KEYS)
local id, exchange_id, sealed, lifetime = unpack(ARGV)
local first_bucket, first_setting = 3, 5

local links = links_at(links_key)
local link = with_id(links, id)
if not link and redis.call('EXISTS', earlier_key) == 1 then return { 2, 0, 0, 0, 0, -1 } end
local refusing, wait = look(first_bucket, first_setting)
local is_live = link and state_of(link) == 'live'
if not (is_live and link.exchange and link.exchange.id == exchange_id) then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if is_live then
    link.exchange = { id = exchange_id, ends = now_ms + lifetime, token = sealed }
    link.kept_until = math.max(link.kept_until, link.exchange.ends)
    write(links_key, links)
  end
end
local left, full, pressed = quota(first_setting)
if not link then return { -1, 0, 0, left, full, pressed } end
return { is_live and 1 or -1, 0, 0, left, full, pressed, state_of(link), link.record }
