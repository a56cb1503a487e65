-- Whether an entry is in the journal, and in which history. KEYS: the journal. ARGV: its id.
local name, refusal = history()
return refusal or { name, #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) }
