-- What every script that changes something starts from.
--
-- KEYS[1] is the bucket's bookkeeping hash, KEYS[2] the journal. Other keys are made from the base (`PREFIX{3a}:`) and
-- carry the same hash tag, so that one operation never leaves its slot.
local base, bucket = ARGV[1], ARGV[2]
local kept, grace = ARGV[3], tonumber(ARGV[4])
local now, cause = tonumber(ARGV[5]), ARGV[6]

-- Lua prints large numbers with 14 digits; times have up to 15.
local function digits(number)
  return string.format('%.0f', number)
end

-- Makes a key live at least so many milliseconds longer. The hour on top spares the next caller the write.
local function outlive(key, span)
  if redis.call('PTTL', key) < span then
    redis.call('PEXPIRE', key, digits(span + 3600000))
  end
end
