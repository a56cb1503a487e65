-- How long near caches on this file may answer unheard, and when a process last relied on it. At most one row.
CREATE TABLE lease (
    span       INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL
) STRICT;
