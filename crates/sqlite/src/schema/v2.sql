-- Sessions are kept by an integer made of the key's first bytes (`place_of`), not by the whole key. A tree with whole keys
-- in it keeps a row of some 600 bytes in each of its cells, so it branches only sevenfold, and a million sessions lie seven
-- pages deep; by an integer they lie three pages deep, one more where there are many more of them. The whole key is still
-- compared wherever a session is looked for.
CREATE TABLE sessions_v2 (
    place      INTEGER PRIMARY KEY,
    key        BLOB    NOT NULL,
    id         BLOB    NOT NULL,
    subject    TEXT,
    seen_at    INTEGER NOT NULL,
    deadline   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;

-- What has no key of the right length was never reachable. Should two keys share a place, which is less likely than one in
-- ten million even with a million sessions, one of them has to log in again.
INSERT OR IGNORE INTO sessions_v2
    SELECT place_of(key), key, id, subject, seen_at, deadline, expires_at, body
    FROM sessions WHERE place_of(key) IS NOT NULL ORDER BY key;

-- Its indexes and triggers go with it.
DROP TABLE sessions;
ALTER TABLE sessions_v2 RENAME TO sessions;
CREATE UNIQUE INDEX sessions_by_id ON sessions (id);
CREATE INDEX sessions_by_subject ON sessions (subject) WHERE subject IS NOT NULL;
CREATE INDEX sessions_by_deadline ON sessions (deadline);
CREATE TRIGGER session_begins AFTER INSERT ON sessions BEGIN UPDATE live SET n = n + 1; END;
CREATE TRIGGER session_ends AFTER DELETE ON sessions BEGIN UPDATE live SET n = n - 1; END;
UPDATE live SET n = (SELECT count(*) FROM sessions);
