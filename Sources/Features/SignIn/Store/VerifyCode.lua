-- Verifies a code together with its handle, and marks its link as used. A code works once.
--
-- KEYS  links_key        the links of the handle's place
--       tries_key        the wrong codes of the recipient
--       then the client's buckets, if there is a limit, and that of the deployment's wrong codes, if there is a limit
-- ARGV  id               the id of the handle
--       call             an id of this call, which no other call has
--       challenge        the challenge of the client's verifier, or - if it sent none
--       portal           the tag of the portal that presents the code, or '' if it did not say
--       keys             the ids of the deployment's keys, separated and surrounded by spaces
--       tags             the tags of the client's code, separated by spaces: one for each key of the deployment
--       maximum_tries    the number of wrong codes after which a code does not work
--       network_tries    the number of wrong codes after which no code of the recipient works that the same network
--                        requested
--       recipient_tries  the number of wrong codes after which no code of the recipient works
--       tries_lifetime   the time for which they are remembered, from the first one, in ms
--       then, if there are buckets, their settings
--
-- Returns the six integers of SendMagicLink.lua, with the verdict 1 (verified), 0 (limited), -1 (refused) or 2 (the
-- deployment's key that sealed the link is missing; nothing changed). Then for 1 the sealed mailed token and its sealed
-- record. For -1: 1 if this try ended a code, or 0. For 2 the id of the missing key.
--
-- If this call is repeated because its reply was lost, it is answered as before, and changes nothing, if it signed in or
-- counted a try. Of the calls that counted a try, only a code's last one is recognized.
--
-- Wrong codes are counted for each code, and for each recipient over all codes. Otherwise each new email would give an
-- attacker as many tries again.
--
-- The deployment's bucket counts wrong codes alone, and those alone that were compared with a code: no others tell
-- anything, and anybody can send any number of them. While it is empty, only the first try of each code is judged: who
-- has a code gets in, and who guesses needs an email for each guess.

local links_key, tries_key = unpack(KEYS)
local id, call, challenge, portal, keys, tags, maximum_tries, network_tries, recipient_tries,
  tries_lifetime = unpack(ARGV)
local first_bucket, first_setting = 3, 11

local deployment_bucket = #KEYS >= first_bucket and string.byte(ARGV[first_setting], 2) or 0
local value, stored_tries = redis.call('GET', links_key), redis.call('GET', tries_key)
local links = links_in(value)
local link = find(links, function(link) return link.code and link.code.id == id end)
local code = link and link.code or {}
if link then
  local missing_id = missing_key(link.record, keys) or missing_key(code.token or '', keys)
  if missing_id then return { 2, 0, 0, 0, 0, -1, missing_id } end
end
local tries = code.tries or 0
local of_network, of_recipient, counts = tries_in(stored_tries, code.network)

local refusing, wait = look(first_bucket, first_setting)
local is_repeated_try = tries > 0 and code.call == call
local is_last_try = false
local is_valid = link and is_repeated(link, call)
if not is_valid and not is_repeated_try then
  charge_client(first_bucket, first_setting)
  local is_judged_anyway = refusing == deployment_bucket and not refuses_client and link and tries == 0
  if refusing > 0 and not is_judged_anyway then return { 0, refusing, wait, quota(first_setting) } end
  if link and state_of(link) == 'live' and (code.ends or 0) > now_ms and is_for(link, portal)
    and tries < tonumber(maximum_tries) and of_network < tonumber(network_tries)
    and of_recipient < tonumber(recipient_tries)
  then
    -- Lua compares strings by their place in memory, so the time does not depend on their bytes; and these are HMACs.
    for candidate in string.gmatch(tags, '%x+') do is_valid = is_valid or candidate == code.tag end
    is_valid = is_valid and admits(link, challenge)
    if is_valid then
      use(links, link, call)
      counts[code.network] = nil
      if stored_tries then put_tries(tries_key, stored_tries, counts) end
    else
      if deployment_bucket > 0 and refusing == 0 then
        take(first_bucket, first_setting, deployment_bucket, deployment_bucket)
      end
      code.tries, code.call = tries + 1, call
      counts[code.network] = of_network + 1
      put_tries(tries_key, stored_tries, counts, tries_lifetime)
      is_last_try = tries + 1 >= tonumber(maximum_tries) or of_network + 1 >= tonumber(network_tries)
        or of_recipient + 1 >= tonumber(recipient_tries)
    end
    write(links_key, value, links)
  end
end
local left, full, pressed = quota(first_setting)
if not is_valid then return { -1, 0, 0, left, full, pressed, is_last_try and 1 or 0 } end
return { 1, 0, 0, left, full, pressed, code.token, link.record }
