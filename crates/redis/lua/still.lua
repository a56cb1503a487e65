-- Nothing is done while the slot moves to another server of a cluster: half of what belongs together may be there already.
-- A server refuses a script that asks for a key which is not there if its slot is on the move; so ask for one that never is.
redis.call('EXISTS', KEYS[1] .. '-')
