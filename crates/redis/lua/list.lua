-- The sessions of one subject, and of whoever shares the tag: hash and value of each, in one round trip.
--
-- ARGV from 7: subject.
local found = {}
for _, id in ipairs(roll(ARGV[7])) do
  local hash = redis.call('HGET', home(id), id)
  local value = hash and redis.call('GET', name(hash))
  if value then
    found[#found + 1] = hash
    found[#found + 1] = value
  end
end
return found
