-- How far the journal reaches: its history, the id of the last entry, how many were ever written, how many are kept.
-- KEYS: the journal.
local function extent(journal)
  if redis.call('EXISTS', journal) == 0 then
    return '0-0', 0, 0
  end
  local fields, found = redis.call('XINFO', 'STREAM', journal), {}
  for i = 1, #fields, 2 do
    found[fields[i]] = fields[i + 1]
  end
  return found['last-generated-id'], found['entries-added'], found['length']
end
