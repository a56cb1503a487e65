-- Deadlines: a wheel of lists. `x:TIME` holds the ids to be looked at from that time on, and the sorted set `w` the
-- times. A session is in one list at a time. Being used does not move it: whoever looks at it too early puts it into
-- the list of its present deadline.
--
-- The farther off a deadline is, the coarser the grid of times, always rounded down: at least three quarters of the way
-- pass before it is looked at. So there are some dozens of lists for each bucket, whatever the timeouts.
local function slot(deadline)
  local left, width = deadline - now, 1
  if left >= 4000 then
    width = 1000
    while width * 8 <= left do
      width = width * 2
    end
  end
  return deadline - deadline % width
end

local function schedule(id, deadline)
  local time = slot(deadline)
  local list = base .. 'x:' .. digits(time)
  if redis.call('RPUSH', list, id) == 1 then
    -- Twice the grace: a sweep that comes after the records went still finds that they were there.
    local span = math.max(time - now, 0) + 2 * grace
    outlive(list, span)
    redis.call('ZADD', base .. 'w', digits(time), digits(time))
    outlive(base .. 'w', span)
  end
end
