-- Records: a string of seen_at (6 bytes) and deadline (6), big-endian; then the encoded record, whose head has fixed
-- offsets: version, kind, id (16), revision (4), expires_at (6), length of the subject, subject; at the end the epoch.
local LIVE = 1

local function name(hash)
  return base .. 's:' .. hash
end

-- What the head says; nothing if there is no record; nothing and true if there is one that can not be read.
local function read(hash)
  local value = redis.call('GETRANGE', name(hash), 0, 295)
  if value == '' then
    return nil
  end
  if #value < 41 then
    return nil, true
  end
  local seen, deadline, version, kind = struct.unpack('>I6I6BB', value)
  local length = string.byte(value, 41)
  if version ~= 1 or kind < 1 or kind > 2 or #value < 41 + length then
    return nil, true
  end
  return {
    hash = hash,
    seen = seen,
    deadline = deadline,
    live = kind == LIVE,
    id = string.sub(value, 15, 30),
    revision = string.sub(value, 31, 34),
    expires = struct.unpack('>I6', value, 35),
    subject = string.sub(value, 42, 41 + length),
  }
end

-- How long a key has to be kept for a moment that lies ahead. Spans are reckoned with the caller's clock alone, so a
-- skew between it and this server's does no harm.
local function span(moment, from)
  return math.max(moment - from, 0) + grace
end
