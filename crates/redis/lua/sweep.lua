-- Ends what has lapsed in one bucket, and puts what was used since into the list of its present deadline.
--
-- ARGV from 7: how many to end at most, how many to look at at most.
-- Answers how many ended, and 1 if there may be more to do. Taking an id out of its list and ending its session are one
-- step, so nothing is lost when the caller dies.
local room, looks = tonumber(ARGV[7]), tonumber(ARGV[8])
local wheel, count = base .. 'w', 0

local function look(id)
  local hash = redis.call('HGET', home(id), id)
  if not hash then
    return
  end
  local record, unreadable = read(hash)
  if unreadable then
    schedule(id, now + 3600000)
  elseif not record or not record.live or record.id ~= id then
    vanished(id, hash)
    count = count + 1
  elseif record.deadline <= now then
    finish(record, lapse(record))
    count = count + 1
  else
    schedule(id, record.deadline)
  end
end

while true do
  local due = redis.call('ZRANGEBYSCORE', wheel, '-inf', digits(now), 'LIMIT', 0, 1)[1]
  if not due then
    return { count, 0 }
  end
  if looks <= 0 or count >= room then
    return { count, 1 }
  end
  local batch = math.min(looks, room - count, 100)
  local ids = redis.call('LPOP', base .. 'x:' .. due, batch)
  if ids then
    for _, id in ipairs(ids) do
      look(id)
    end
    looks = looks - #ids
  end
  if not ids or #ids < batch then
    redis.call('ZREM', wheel, due)
  end
end
