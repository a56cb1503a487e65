-- Agrees on the longest lease: the rule is `Agreement::next` of the engine.
-- KEYS: where it is kept. ARGV: the lease that is wanted, the present time, how long an agreement is kept; milliseconds.
local wanted, now, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease, renewed = unpack(redis.call('HMGET', KEYS[1], 'lease', 'renewed'))
lease, renewed = tonumber(lease), tonumber(renewed)
if wanted == 0 then
  return lease or 0
end
if not lease or not renewed or now - renewed >= kept then
  lease, renewed = wanted, now
end
if wanted == lease then
  redis.call('HSET', KEYS[1], 'lease', lease, 'renewed', math.max(renewed, now))
  -- Long after it has lapsed: whoever only asks is told the last one.
  redis.call('PEXPIRE', KEYS[1], kept * 20)
end
return lease
