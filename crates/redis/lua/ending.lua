-- Ending a session: record, index, count and journal in one go. `ended` collects what the caller is told.
local EVICTED, IDLE, ABSOLUTE, REPLACED = 3, 4, 5, 9
local ended = {}

-- All of it but the subject's roll.
local function part(record, reason)
  redis.call('DEL', name(record.hash))
  redis.call('HDEL', home(record.id), record.id)
  redis.call('HINCRBY', KEYS[1], 'n', -1)
  note(CLOSED, reason, record.id, record.hash, record.subject)
  ended[#ended + 1] = record.id
  ended[#ended + 1] = record.hash
  ended[#ended + 1] = record.subject
  ended[#ended + 1] = reason
end

local function finish(record, reason)
  part(record, reason)
  if record.subject ~= '' then
    strike(record.subject, record.id)
  end
end

local function lapse(record)
  return now >= record.expires and ABSOLUTE or IDLE
end

-- Its record went by its time to live before any sweep came by: all that is known is the id and where it was.
local function vanished(id, hash)
  redis.call('HDEL', home(id), id)
  redis.call('HINCRBY', KEYS[1], 'n', -1)
  note(CLOSED, IDLE, id, hash, '')
end

-- Takes what has no record any more off a subject's roll.
local function tidy(subject, lost)
  local gone = {}
  for _, it in ipairs(lost) do
    if it[2] then
      vanished(it[1], it[2])
    end
    gone[it[1]] = true
  end
  strike_all(subject, gone)
end
