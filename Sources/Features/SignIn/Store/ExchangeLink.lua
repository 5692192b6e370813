-- Changes a mailed token for a fresh one that works for a moment, and for nobody who only saw the mail's link.
--
-- KEYS: 1 the mailed token, 2 the fresh one, 3 the client's bucket where there is a limit.
-- ARGV: 1 the mailed token, sealed for who has the fresh one; 2 how long that works, in ms; then the bucket's burst, and the
--       microseconds that a token takes.
--
-- Returns the five integers of SendMagicLink, where the verdict is 1 changed, 0 limited, -1 not a token to change; and then
-- the mailed token's state and sealed record, where it has any.
--
-- Until somebody is signed in it may be changed again: a button is pressed twice, and a portal may fail. Then only the last
-- fresh token works. The same call again, because its answer was lost, is answered as before, and changes nothing.

local sealed, lifetime = ARGV[1], ARGV[2]
local first_bucket, first_setting = 3, 3

local token = mailed(KEYS[1])
local fresh = string.match(KEYS[2], '%x+$')
local refusing, wait = look(first_bucket, first_setting)
local opens = token and token.state == 'live'
if not (opens and token.holder == fresh) then
  if refusing > 0 then return { 0, refusing, wait, quota(first_setting) } end
  take(first_bucket, first_setting)
  if opens then
    write(KEYS[1], changed(token, 'live', fresh))
    redis.call('SET', KEYS[2], 'via ' .. string.match(KEYS[1], '%x+$') .. '\n' .. sealed, 'PX', lifetime)
  end
end
local left, full = quota(first_setting)
if not token then return { -1, 0, 0, left, full } end
return { opens and 1 or -1, 0, 0, left, full, token.state, token.record }
