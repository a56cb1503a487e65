-- Times are milliseconds since 1970. `body` is the versioned record of cloakroom-core; what stands beside it is what
-- steps look for or change without decoding.
CREATE TABLE sessions (
    key        BLOB    NOT NULL PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,
    subject    TEXT,
    seen_at    INTEGER NOT NULL,
    deadline   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_subject ON sessions (subject) WHERE subject IS NOT NULL;
CREATE INDEX sessions_by_deadline ON sessions (deadline);

-- What is left under the keys of renewed tokens.
CREATE TABLE moved (
    key        BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX moved_by_expiry ON moved (expires_at);

-- Subjects that were logged out everywhere, until that can be forgotten.
CREATE TABLE subjects (
    subject TEXT    NOT NULL PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    look_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subjects_by_look ON subjects (look_at);

-- There is one writer at a time, so the order of `seq` is the order of commits, and a rollback leaves no hole.
CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    reason  TEXT,
    session BLOB,
    key     BLOB,
    subject TEXT,
    cause   BLOB NOT NULL
) STRICT;

-- Tells the journal of this file from that of any other.
CREATE TABLE history (id TEXT NOT NULL) STRICT;
INSERT INTO history VALUES (lower(hex(randomblob(8))));

-- The number of sessions, without a scan, whoever inserts and deletes.
CREATE TABLE live (n INTEGER NOT NULL) STRICT;
INSERT INTO live VALUES (0);
CREATE TRIGGER session_begins AFTER INSERT ON sessions BEGIN UPDATE live SET n = n + 1; END;
CREATE TRIGGER session_ends AFTER DELETE ON sessions BEGIN UPDATE live SET n = n - 1; END;
