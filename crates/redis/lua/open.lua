-- Opens a session: epoch, limit, eviction and insertion.
--
-- ARGV from 7: hash, value, id, subject or '', epoch, deadline, absolute deadline, most sessions (0 is no limit),
-- 1 to refuse instead of evicting, hash of the session it replaces or ''.
-- Answers 0 and what ended, 1 if full, 2 if the epoch is stale, 3 if the key or the id is in use.
local hash, value, id, subject = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local epoch, deadline, expires = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local most, refuse, replaces = tonumber(ARGV[14]), ARGV[15] == '1', ARGV[16]

if subject ~= '' then
  local present = redis.call('GET', base .. 'e:' .. subject)
  if present and tonumber(present) > epoch then
    return { 2 }
  end
end
if redis.call('EXISTS', name(hash)) == 1 or redis.call('HEXISTS', home(id), id) == 1 then
  return { 3 }
end

-- Who has to go, decided before anything changes.
local leaving = {}
local function leave(record, reason)
  leaving[#leaving + 1] = { record, reason }
end

local replaced = replaces ~= '' and read(replaces)
if replaced and replaced.live then
  leave(replaced, REPLACED)
end
local lost = {}
if subject ~= '' then
  local live, found = {}, nil
  found, lost = sessions(subject)
  for _, record in ipairs(found) do
    if record.hash ~= replaces then
      if record.deadline <= now then
        leave(record, lapse(record))
      else
        live[#live + 1] = record
      end
    end
  end
  if most > 0 and #live >= most then
    if refuse then
      note(LIMIT_REFUSED, 0, '', '', subject)
      return { 1 }
    end
    table.sort(live, function(a, b) return a.seen < b.seen end)
    for place = 1, #live + 1 - most do
      leave(live[place], EVICTED)
    end
  end
end

tidy(subject, lost)
for _, it in ipairs(leaving) do
  finish(it[1], it[2])
end
redis.call('SET', name(hash), value, 'PX', digits(span(deadline, now)))
redis.call('HSET', home(id), id, hash)
outlive(home(id), span(expires, now))
if subject ~= '' then
  enrol(subject, id, span(expires, now))
end
schedule(id, deadline)
redis.call('HINCRBY', KEYS[1], 'n', 1)
outlive(KEYS[1], span(expires, now))
note(OPENED, 0, id, hash, subject)
return { 0, ended }
