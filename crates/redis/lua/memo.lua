-- Writes a memo, and its entry in the journal if it has one. A memo is its version in decimal digits, a space, and its bytes.
--
-- KEYS[1] the memo, KEYS[2] the journal. ARGV: the expected version or '', the present time, when it lapses, the bytes, the
-- entry or '', how many entries the journal keeps. Answers the new version, or 0 if it was not the expected one.
local now = tonumber(ARGV[2])
local present = string.match(redis.call('GETRANGE', KEYS[1], 0, 20), '^(%d+) ')
if (present or '') ~= ARGV[1] then
  return 0
end
local version = now
if present then
  version = math.max(now, tonumber(present) + 1)
end
local life = tonumber(ARGV[3]) - now
if life > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', version) .. ' ' .. ARGV[4], 'PX', life)
else
  redis.call('DEL', KEYS[1])
end
if ARGV[5] ~= '' then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', 'e', ARGV[5])
end
return version
