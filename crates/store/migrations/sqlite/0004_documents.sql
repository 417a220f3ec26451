-- What arrived, byte for byte: a document once, and each reading that gave it.

CREATE TABLE documents (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,          -- SHA-256 of the bytes
    size INTEGER NOT NULL,              -- of the bytes
    packed INTEGER NOT NULL             -- of what is stored
) STRICT;

CREATE TABLE document_bodies (
    document INTEGER PRIMARY KEY,       -- documents.n
    body BLOB NOT NULL                  -- deflate, without a header
) STRICT;

CREATE TABLE readings (
    n INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    url TEXT NOT NULL,                  -- without secrets
    content_type TEXT,
    document INTEGER NOT NULL,          -- documents.n
    at INTEGER NOT NULL,                -- the latest that gave these bytes
    UNIQUE (source, url, document)
) STRICT;
CREATE INDEX readings_at ON readings (at, n);
CREATE INDEX readings_document ON readings (document);

-- How far a work that takes several sittings has come.
CREATE TABLE memos (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
