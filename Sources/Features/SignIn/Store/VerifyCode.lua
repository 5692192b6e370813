-- Verifies a code together with its handle, and marks its link as used. A code works once.
--
-- KEYS  links_key      the links of the handle's place
--       tries_key      the count of the recipient's wrong codes
--       earlier_key    the key of the handle, if an earlier version stored it
--       then the client's buckets, if there is a limit, and that of the deployment's wrong codes, if there is a limit
-- ARGV  id             the id of the handle
--       call           an id of this call, which no other call has
--       challenge      the challenge of the client's verifier, or - if it sent none
--       tags           the tags of the client's code, separated by spaces: one for each key of the deployment
--       maximum_tries  the number of wrong codes after which no code works
--       tries_lifetime the time for which they are remembered, in ms
--       then, if there are buckets, their settings
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited), -1 (refused) or 2 (the
-- handle is an earlier version's; nothing changed). If the verdict is 1, the sealed mailed token, the id of its key, and
-- its sealed record follow. If it is -1: 1 if this was the last try, or 0.
--
-- If this call is repeated because its reply was lost, it is answered as before, and changes nothing, if it signed in or
-- counted a try. Of the calls that counted a try, only a recipient's last one is recognized.
--
-- Wrong codes are counted for each recipient, over all codes. Otherwise each new email would give an attacker as many
-- tries again. The last try deletes the code.
--
-- The deployment's bucket counts wrong codes alone, and those alone that were compared with a code: no others tell
-- anything, and anybody can send any number of them. While it is empty, no code is judged, right or wrong.

local links_key, tries_key, earlier_key = unpack(KEYS)
local id, call, challenge, tags, maximum_tries, tries_lifetime = unpack(ARGV)
local first_bucket, first_setting = 4, 7

-- Takes a token from the bucket of the deployment's wrong codes, if there is one.
local function charge_deployment()
  local number = #KEYS >= first_bucket and string.byte(ARGV[first_setting], 2) or 0
  if number > 0 then take(first_bucket, first_setting, number, number) end
end

local links = links_at(links_key)
local link = find(links, function(link) return link.code and link.code.id == id end)
if not link and redis.call('EXISTS', earlier_key) == 1 then return { 2, 0, 0, 0, 0, -1 } end
local tries, last_call = string.match(redis.call('GET', tries_key) or '', '^(%d+) (%x+)$')
tries = tonumber(tries or 0)

local refusing, wait = look(first_bucket, first_setting)
local is_repeated_try = last_call == call
local is_last_try = false
local is_valid = link and is_repeated(link, call)
if not is_valid and not is_repeated_try then
  charge_client(first_bucket, first_setting)
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  if link and state_of(link) == 'live' and tries < tonumber(maximum_tries) then
    -- Lua compares strings by their place in memory, so the time does not depend on their bytes; and these are HMACs.
    for candidate in string.gmatch(tags, '%x+') do is_valid = is_valid or candidate == link.code.tag end
    is_valid = is_valid and admits(link, challenge)
    if is_valid then
      use(links, link, call)
      redis.call('DEL', tries_key)
    else
      charge_deployment()
      redis.call('SET', tries_key, tries + 1 .. ' ' .. call, 'PX', tries_lifetime)
      is_last_try = tries + 1 >= tonumber(maximum_tries)
      if is_last_try then link.code = nil end
    end
    if is_valid or not link.code then write(links_key, links) end
  end
end
local left, full, pressed = quota(first_setting)
if not is_valid then return { -1, 0, 0, left, full, pressed, is_last_try and 1 or 0 } end
return { 1, 0, 0, left, full, pressed, link.code.token, link.code.key, link.record }
