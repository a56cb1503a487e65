-- Which history of the data this server has: a name that changes when another server takes over, and when this one was
-- restarted. A replica has none to offer.
local function history()
  local replication = redis.call('INFO', 'replication')
  if not string.find(replication, 'role:master', 1, true) then
    return nil, redis.error_reply('READONLY a replica does not say how far the journal reaches')
  end
  return string.sub(string.match(replication, 'master_replid:(%x+)') or '0', 1, 12)
end
