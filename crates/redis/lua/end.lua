-- The end of the journal, for those who begin to read.
local name, refusal = history()
return refusal or { name, extent(KEYS[1]) }
