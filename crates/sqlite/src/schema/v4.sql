-- Memos that the processes on this file share: a name, a version that is never the same again, and until when it counts.
CREATE TABLE memos (
    bucket  INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX memos_by_until ON memos (until);

-- How much of a limit is spent: the moment at which all of it is there again. A row whose moment has passed says nothing.
CREATE TABLE limits (
    bucket  INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    full_at INTEGER NOT NULL,
    PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX limits_by_full_at ON limits (full_at);
