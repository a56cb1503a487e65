-- In which history this server is.
local name, refusal = history()
return refusal or name
