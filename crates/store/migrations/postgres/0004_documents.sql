-- What arrived, byte for byte: a document once, and each reading that gave it.

CREATE TABLE documents (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,         -- SHA-256 of the bytes
    size BIGINT NOT NULL,               -- of the bytes
    packed BIGINT NOT NULL              -- of what is stored
);

CREATE TABLE document_bodies (
    document BIGINT PRIMARY KEY,        -- documents.n
    body BYTEA NOT NULL                 -- deflate, without a header
);
-- Packed once is enough.
ALTER TABLE document_bodies ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE readings (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,      -- without secrets
    content_type TEXT,
    document BIGINT NOT NULL,           -- documents.n
    at BIGINT NOT NULL                  -- the latest that gave these bytes
);
CREATE UNIQUE INDEX readings_once ON readings (source, md5(url), document);
CREATE INDEX readings_at ON readings (at, n);
CREATE INDEX readings_document ON readings (document);

-- How far a work that takes several sittings has come.
CREATE TABLE memos (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);
