-- Records: a string of seen_at (6 bytes), deadline (6), epoch (6), all big-endian, and then the encoded record, whose
-- head has fixed offsets: version, kind, id (16), revision (4), expires_at (6), length of the subject, subject.
local LIVE = 1

local function name(hash)
  return base .. 's:' .. hash
end

-- What the head says; nothing if there is no record; nothing and true if there is one that can not be read.
local function read(hash)
  local value = redis.call('GETRANGE', name(hash), 0, 301)
  if value == '' then
    return nil
  end
  if #value < 47 then
    return nil, true
  end
  local seen, deadline, epoch, version, kind = struct.unpack('>I6I6I6BB', value)
  local length = string.byte(value, 47)
  if version ~= 1 or kind < 1 or kind > 2 or #value < 47 + length then
    return nil, true
  end
  return {
    hash = hash,
    seen = seen,
    deadline = deadline,
    epoch = epoch,
    live = kind == LIVE,
    id = string.sub(value, 21, 36),
    revision = string.sub(value, 37, 40),
    expires = struct.unpack('>I6', value, 41),
    subject = string.sub(value, 48, 47 + length),
  }
end

local function times(seen, deadline)
  return struct.pack('>I6I6', seen, deadline)
end

-- How long a key has to be kept for a moment that lies ahead. Spans are reckoned with the caller's clock alone, so a
-- skew between it and this server's does no harm.
local function span(moment, from)
  return math.max(moment - from, 0) + grace
end
