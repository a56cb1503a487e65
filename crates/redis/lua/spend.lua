-- Takes one of what a limit allows, or only asks whether it could: the rule is `Rate` of the engine.
--
-- KEYS[1] is where the moment is kept at which all is there again. ARGV: the present time, the interval, the burst (all in
-- milliseconds but the last), and 1 to take one. Answers how long to wait, 0 if it is granted.
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or 0)
full_at = math.min(math.max(full_at, now), now + every * burst)
local wait = full_at - now - every * (burst - 1)
if wait > 0 then
  return wait
end
if ARGV[4] == '1' then
  full_at = full_at + every
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', full_at - now)
end
return 0
