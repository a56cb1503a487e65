-- The index: small hashes, 128 for each bucket, that hold two kinds of field.
--
--   id (16 bytes)                 -> hash of the key (32). A session lives exactly while its id is here.
--   tag of the subject (4), chunk -> up to four ids. The number of the chunk is left out for the first.
--
-- Both share hashes because a hash costs more than what a small site has in it. Four ids make 64 bytes, the most that
-- Redis keeps in its compact encoding by default. Two subjects may share a tag: readers compare the record's subject.
local function shard(byte)
  return base .. string.format('i:%02x', byte % 128)
end

local function home(id)
  return shard(string.byte(id))
end

local function place(subject)
  local digest = redis.sha1hex(subject)
  local tag = struct.pack('>I4', tonumber(string.sub(digest, 1, 8), 16))
  return shard(tonumber(string.sub(digest, 9, 10), 16)), tag
end

local function field(tag, chunk)
  return chunk == 0 and tag or tag .. chunk
end

-- Where a subject's ids are, and all chunks of them.
local function chunks(subject)
  local key, tag = place(subject)
  local found = {}
  while true do
    local ids = redis.call('HGET', key, field(tag, #found))
    if not ids then
      return key, tag, found
    end
    found[#found + 1] = ids
  end
end

-- The ids of a subject, and of whoever shares the tag.
local function roll(subject)
  local _, _, found = chunks(subject)
  local ids = {}
  for _, chunk in ipairs(found) do
    for at = 1, #chunk, 16 do
      ids[#ids + 1] = string.sub(chunk, at, at + 15)
    end
  end
  return ids
end

local function enrol(subject, id, span)
  local key, tag, found = chunks(subject)
  local last = found[#found]
  if last and #last < 64 then
    redis.call('HSET', key, field(tag, #found - 1), last .. id)
  else
    redis.call('HSET', key, field(tag, #found), id)
  end
  outlive(key, span)
end

-- Takes an id out; the very last one fills its place.
local function strike(subject, id)
  local key, tag, found = chunks(subject)
  for number, chunk in ipairs(found) do
    for at = 1, #chunk, 16 do
      if string.sub(chunk, at, at + 15) == id then
        local last = found[#found]
        found[number] = string.sub(chunk, 1, at - 1) .. string.sub(last, -16) .. string.sub(chunk, at + 16)
        local rest = string.sub(found[#found], 1, -17)
        if number ~= #found then
          redis.call('HSET', key, field(tag, number - 1), found[number])
        end
        if rest == '' then
          redis.call('HDEL', key, field(tag, #found - 1))
        else
          redis.call('HSET', key, field(tag, #found - 1), rest)
        end
        return
      end
    end
  end
end

-- Takes all ids out that are keys of a table, in one pass over the roll: what stays closes up.
local function strike_all(subject, ids)
  if not next(ids) then
    return
  end
  local key, tag, found = chunks(subject)
  local staying = {}
  for _, chunk in ipairs(found) do
    for at = 1, #chunk, 16 do
      local id = string.sub(chunk, at, at + 15)
      if not ids[id] then
        staying[#staying + 1] = id
      end
    end
  end
  local left = table.concat(staying)
  for number, chunk in ipairs(found) do
    local stays = string.sub(left, number * 64 - 63, number * 64)
    if stays == '' then
      redis.call('HDEL', key, field(tag, number - 1))
    elseif stays ~= chunk then
      redis.call('HSET', key, field(tag, number - 1), stays)
    end
  end
end

-- The live sessions of a subject, by what their records say; and the ids that have no record any more, each with the hash
-- that it had if it still counts as live.
local function sessions(subject)
  local found, lost = {}, {}
  for _, id in ipairs(roll(subject)) do
    local hash = redis.call('HGET', home(id), id)
    local record, unreadable
    if hash then
      record, unreadable = read(hash)
    end
    if not record and not unreadable then
      lost[#lost + 1] = { id, hash }
    elseif record and record.live and record.id == id and record.subject == subject then
      found[#found + 1] = record
    end
  end
  return found, lost
end
