-- Raises a subject's epoch and ends the sessions of earlier ones, but for one.
--
-- ARGV from 7: subject, id of the session to spare or '', reason, life of the epoch in milliseconds.
-- Answers the new epoch and what ended.
local subject, except, reason = ARGV[7], ARGV[8], tonumber(ARGV[9])

local old = tonumber(redis.call('GET', base .. 'e:' .. subject) or '0')
local epoch = math.max(now, old + 1)
redis.call('SET', base .. 'e:' .. subject, digits(epoch), 'PX', ARGV[10])
local found, lost = sessions(subject)
tidy(subject, lost)
for _, record in ipairs(found) do
  if record.id ~= except and record.epoch < epoch then
    finish(record, reason)
  end
end
return { digits(epoch), ended }
