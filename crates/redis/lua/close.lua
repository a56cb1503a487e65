-- Ends the session under a key.
--
-- ARGV from 7: hash, reason. Answers 0 and what ended (nothing if there was no session), or 4 and the value if it is
-- unreadable.
local record, unreadable = read(ARGV[7])
if unreadable then
  return { 4, redis.call('GET', name(ARGV[7])) }
end
if record and record.live then
  finish(record, tonumber(ARGV[8]))
end
return { 0, ended }
