-- Raises a subject's epoch and ends the sessions of earlier ones, but for one.
--
-- ARGV from 7: subject, id of the session to spare or '', reason, life of the epoch in milliseconds.
-- Answers the new epoch and what ended.
local subject, except, reason = ARGV[7], ARGV[8], tonumber(ARGV[9])

-- In which epoch a session was opened.
local function opened_in(record)
  local tail = redis.call('GETRANGE', name(record.hash), -7, -1)
  return string.byte(tail, -1) == 1 and struct.unpack('>I6', tail) or 0
end

local old = tonumber(redis.call('GET', base .. 'e:' .. subject) or '0')
local epoch = math.max(now, old + 1)
redis.call('SET', base .. 'e:' .. subject, digits(epoch), 'PX', ARGV[10])
local found, lost = sessions(subject)
tidy(subject, lost)
local gone = {}
for _, record in ipairs(found) do
  if record.id ~= except and opened_in(record) < epoch then
    part(record, reason)
    gone[record.id] = true
  end
end
strike_all(subject, gone)
return { digits(epoch), ended }
