-- A stretch of the sessions of one bucket: whole index hashes, so that a session whose key changes meanwhile is neither
-- missed nor met twice.
--
-- KEYS[1] is the bucket's bookkeeping hash. ARGV: base, the first index hash to look into, about how many to find.
-- Answers the index hash to go on with (128 at the end), and hash and value of each session.
local base, at, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local found = {}

while at < 128 and #found < 2 * most do
  local fields = redis.call('HGETALL', base .. string.format('i:%02x', at))
  for place = 1, #fields, 2 do
    if #fields[place] == 16 then
      local value = redis.call('GET', base .. 's:' .. fields[place + 1])
      if value then
        found[#found + 1] = fields[place + 1]
        found[#found + 1] = value
      end
    end
  end
  at = at + 1
end
return { at, found }
