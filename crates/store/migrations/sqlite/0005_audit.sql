-- What the self-audit remembers of each source, and what it told people.

CREATE TABLE source_ledgers (
    source TEXT PRIMARY KEY,
    body   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per source and kind: the latest episode, which lasts while it has no end.
CREATE TABLE episodes (
    source TEXT    NOT NULL,            -- '': most sources at once
    kind   TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    told   TEXT    NOT NULL,
    ended  INTEGER,
    PRIMARY KEY (source, kind)
) STRICT, WITHOUT ROWID;
