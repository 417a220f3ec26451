-- What the self-audit remembers of each source, and what it told people.

CREATE TABLE source_ledgers (
    source TEXT COLLATE "C" PRIMARY KEY,
    body   TEXT NOT NULL
);

-- One row per source and kind: the latest episode, which lasts while it has no end.
CREATE TABLE episodes (
    source TEXT   COLLATE "C" NOT NULL, -- '': most sources at once
    kind   TEXT   COLLATE "C" NOT NULL,
    since  BIGINT NOT NULL,
    told   TEXT   NOT NULL,
    ended  BIGINT,
    PRIMARY KEY (source, kind)
);
