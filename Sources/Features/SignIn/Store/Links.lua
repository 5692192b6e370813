-- The links of one place: functions for the scripts of sign-in that read links. Buckets.lua and this text are prepended
-- to each of them. SendMagicLink.lua, which adds a link, does without: every function costs each call some time.
--
-- The links to one recipient, for one portal and one code challenge, or one API key and purpose, share a key. Its value
-- holds 8 bytes with the time at which the key expires, in microseconds, and then the links, the newest first. Each is
-- one byte with the length of the requester's network, the network, 4 bytes with the length of the link, and the link in
-- MessagePack. A link is a table:
--
--   id          the first half of its token's digest
--   issued      the time of its request; this and all other times are in ms of this server's clock
--   ends        the time at which it stops working
--   kept_until  the time until which the confirmation page can explain why it no longer works
--   portal      the tag of the portal that it signs in at
--   supersedes  request if it ended the earlier links, use if it ends them once it is used, or nil
--   challenge   the challenge that the client's verifier must match; - if the client must send none, and the link works
--               in every browser; * if a trusted caller requested the link: whatever verifier the browser has, or none
--   record      its sealed record
--   code        its code: id (of the handle), tag (an HMAC of the code and its handle), token (the mailed token sealed
--               for the handle), ends, network (the widest network of its requester), tries (the wrong codes, nil for
--               none) and call (the id of the call that made the last of them); nil if no code was requested
--   exchange    its newest exchange token: id, ends, and token, the mailed token sealed for it; nil before the button
--               of the confirmation page was pressed
--   state       nil while it works; superseded (a newer link ended it) or used
--   call        the id of the call that used it
--
-- Whatever is sealed begins with the id of the key of the deployment that sealed it, and a space.
--
-- An earlier link is not rewritten when a newer one is requested that ends it: that follows from the newer one when both
-- are read.

local now_ms = math.floor(now / 1000)

-- Whether a link, or its exchange token, still worked at a time.
local function works(link, time)
  return not link.state and math.max(link.ends, link.exchange and link.exchange.ends or 0) > time
end

-- Returns the links in the value of a place, which is false if it has none.
local function links_in(value)
  local links, offset = {}, 9
  while value and offset <= #value do
    local start = offset + string.byte(value, offset) + 1
    local length = struct.unpack('>I4', value, start)
    local link = cmsgpack.unpack(string.sub(value, start + 4, start + 3 + length))
    link.network = string.sub(value, offset + 1, start - 1)
    for _, newer in ipairs(links) do
      -- A used or expired link stays so, because the confirmation page says so.
      if newer.supersedes == 'request' and works(link, newer.issued) then link.state = 'superseded' end
    end
    links[#links + 1] = link
    offset = start + 4 + length
  end
  return links
end

-- Returns the links of a place.
local function links_at(key)
  return links_in(redis.call('GET', key))
end

-- Returns the value that holds links, and the time at which its key expires.
local function packed(links)
  local parts, kept_until = { '' }, 0
  for _, link in ipairs(links) do
    local network = link.network
    link.network = nil
    local text = cmsgpack.pack(link)
    link.network = network
    parts[#parts + 1] = string.char(#network) .. network .. struct.pack('>I4', #text) .. text
    kept_until = math.max(kept_until, link.kept_until)
  end
  parts[1] = struct.pack('>I8', kept_until * 1000)
  return table.concat(parts), kept_until
end

-- Stores the links of a place, whose value is `former`.
local function write(key, former, links)
  local value, kept_until = packed(links)
  put(key, former, value, 'PXAT', kept_until)
end

-- Returns the link for which matches(link) is true, or nil if there is none or it is no longer kept.
local function find(links, matches)
  for _, link in ipairs(links) do
    if link.kept_until > now_ms and matches(link) then return link end
  end
end

-- Whether a link signs in at a portal, or wherever the client is if that is ''.
local function is_for(link, portal)
  return portal == '' or link.portal == portal
end

-- Whether a link may be used by a client whose verifier has a challenge, or - if it sent none.
local function admits(link, challenge)
  return link.challenge == challenge or link.challenge == '*'
end

-- Returns the link with an id, or nil.
local function with_id(links, id)
  return find(links, function(link) return link.id == id end)
end

-- Returns the state of a link as a word: live, expired, superseded or used.
local function state_of(link)
  return link.state or (link.ends > now_ms and 'live' or 'expired')
end

-- Marks a link as used by a call, and ends the links before it if it supersedes them. Links of its place that no longer
-- work lose their codes.
local function use(links, used, call)
  local is_earlier = false
  for _, link in ipairs(links) do
    if link == used then
      is_earlier = true
    else
      if is_earlier and used.supersedes and works(link, now_ms) then link.state = 'superseded' end
      if not works(link, now_ms) then link.code = nil end
    end
  end
  used.state, used.call = 'used', call
end

-- Whether this very call used the link before, and is repeated because its reply was lost.
local function is_repeated(link, call)
  return link.state == 'used' and link.call == call
end

-- Returns the id of the key that sealed a box, if it is not among those of the calling process, which are separated and
-- surrounded by spaces; otherwise nil. A damaged box has none.
local function missing_key(box, keys)
  local id = string.match(box, '^([%w_-]+) ')
  if id and not string.find(keys, ' ' .. id .. ' ', 1, true) then return id end
end
