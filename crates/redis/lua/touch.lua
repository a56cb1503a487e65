-- Notes that sessions of one bucket were seen: both times only ever grow, and nothing that is gone comes back.
--
-- KEYS[1] is the bucket's bookkeeping hash. ARGV: base, grace, and for each session hash, seen_at, deadline.
-- Answers 1 or 0 for each: whether it is still there.
local base, grace = ARGV[1], tonumber(ARGV[2])
local answers = {}

for at = 3, #ARGV, 3 do
  local key, seen, deadline = base .. 's:' .. ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local head = redis.call('GETRANGE', key, 0, 39)
  local there = #head == 40 and string.byte(head, 14) == 1
  if there then
    local old_seen, old_deadline = struct.unpack('>I6I6', head)
    deadline = math.max(old_deadline, math.min(deadline, (struct.unpack('>I6', head, 35))))
    if seen > old_seen or deadline > old_deadline then
      redis.call('SETRANGE', key, 0, struct.pack('>I6I6', math.max(seen, old_seen), deadline))
    end
    if deadline > old_deadline then
      redis.call('PEXPIRE', key, string.format('%.0f', math.max(deadline - seen, 0) + grace), 'GT')
    end
  end
  answers[#answers + 1] = there and 1 or 0
end
return answers
