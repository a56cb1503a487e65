-- The journal: a stream with one field, in which the entry is packed as `entry.rs` reads it: format, kind, reason,
-- what follows (1 a session, 2 a key, 3 both), session id, bucket and hash, length of the subject, subject, cause.
local OPENED, CLOSED, LIMIT_REFUSED = 1, 6, 8

local function note(kind, reason, id, hash, subject)
  local flags, key = 0, ''
  if id ~= '' then
    flags = 1
  end
  if hash ~= '' then
    flags, key = flags + 2, bucket .. hash
  end
  local entry = string.char(1, kind, reason, flags) .. id .. key .. string.char(#subject) .. subject .. cause
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', kept, '*', 'e', entry)
end
