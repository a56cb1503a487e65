-- The end of the journal, said by a server that may write: a replica, or a primary that lost its replicas, refuses.
-- KEYS: a key that lives as long as somebody confirms, the journal. ARGV: its time to live in milliseconds.
local name, refusal = history()
if refusal then
  return refusal
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return { name, extent(KEYS[2]) }
