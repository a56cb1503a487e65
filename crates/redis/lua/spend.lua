-- Takes one of what a limit allows, or puts one back: the rule is `Rate` of the engine.
--
-- KEYS[1] is where the moment is kept at which all is there again. ARGV: the present time, the interval, the burst (all in
-- milliseconds but the last), and 1 to put one back. Answers how long to wait, 0 if it is granted.
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or 0)
if ARGV[4] == '1' then
  full_at = full_at - every
else
  full_at = math.min(math.max(full_at, now), now + every * burst)
  local wait = full_at - now - every * (burst - 1)
  if wait > 0 then
    return wait
  end
  full_at = full_at + every
end
if full_at > now then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', full_at - now)
else
  redis.call('DEL', KEYS[1])
end
return 0
