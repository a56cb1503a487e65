-- The end of the journal, said by a server that may write: a replica, or a primary that lost its replicas, refuses.
-- KEYS: a key that lives as long as somebody confirms, the journal. ARGV: its time to live in milliseconds.
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
  return {}
end
local extent = redis.call('XINFO', 'STREAM', KEYS[2])
local last, added
for i = 1, #extent, 2 do
  if extent[i] == 'last-generated-id' then
    last = extent[i + 1]
  elseif extent[i] == 'entries-added' then
    added = extent[i + 1]
  end
end
return { last, added }
