-- Adds a job to a stream: a function for the scripts that do so. This text is prepended to each of them.

-- Adds an entry with the given fields and values. Returns its id, or an error as redis.pcall does; then nothing has
-- changed.
--
-- The consumer group is made together with its stream. Otherwise the first worker would have to make it, which needs
-- memory that a full Redis does not have.
local function add_job(stream, ...)
  local entry = redis.pcall('XADD', stream, 'NOMKSTREAM', '*', ...)
  if entry then return entry end
  local made = redis.pcall('XGROUP', 'CREATE', stream, 'senders', '0', 'MKSTREAM')
  if made.err then return made end
  return redis.pcall('XADD', stream, '*', ...)
end
