-- Writes the next version of a record, under its key or under a new one.
--
-- ARGV from 7: hash, expected revision, value but for the times, its seen_at, deadline, absolute deadline, kind for the
-- journal, hash of the new key or '', what to leave under the old key or '', when that expires.
-- Answers 0 done, 1 conflict, 2 gone, 3 if the new key is in use, and 4 and the value if that is unreadable.
local hash, expected, rest = ARGV[7], ARGV[8], ARGV[9]
local seen, deadline, expires = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local kind, to, trace, forget = tonumber(ARGV[13]), ARGV[14], ARGV[15], tonumber(ARGV[16])

if to ~= '' and redis.call('EXISTS', name(to)) == 1 then
  return { 3 }
end
local record, unreadable = read(hash)
if unreadable then
  return { 4, redis.call('GET', name(hash)) }
elseif not record then
  return { 2 }
elseif not record.live or record.revision ~= expected then
  return { 1 }
end

-- What touches have noted since the writer read the old version stays.
seen = math.max(seen, record.seen)
deadline = math.min(math.max(deadline, record.deadline), expires)
local value = struct.pack('>I6I6', seen, deadline) .. rest
local life = digits(span(deadline, now))
if to == '' then
  redis.call('SET', name(hash), value, 'PX', life)
else
  redis.call('SET', name(to), value, 'PX', life)
  redis.call('HSET', home(record.id), record.id, to)
  if trace == '' then
    redis.call('DEL', name(hash))
  else
    -- A minute more than needed: whoever reads, judges.
    redis.call('SET', name(hash), trace, 'PX', digits(math.max(forget - now, 0) + 60000))
  end
end
if deadline < record.deadline then
  -- It has to be looked at earlier than planned; whoever finds it a second time puts it back once more.
  schedule(record.id, deadline)
end
if expires > record.expires then
  outlive(home(record.id), span(expires, now))
  outlive(KEYS[1], span(expires, now))
  if record.subject ~= '' then
    outlive((place(record.subject)), span(expires, now))
  end
end
note(kind, 0, record.id, hash, record.subject)
return { 0 }
