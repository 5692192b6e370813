-- Reads the state of a link. Changes nothing.
--
-- KEYS  links_key    the links of its place
-- ARGV  id           the id of its token
--
-- Returns the link's state (live, expired, superseded or used) and its sealed record; or an empty array if it is not
-- stored.

local links_key = unpack(KEYS)
local id = unpack(ARGV)

local link = with_id(links_at(links_key), id)
if link then return { state_of(link), link.record } end
return {}
