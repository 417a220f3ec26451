-- The words by which items of one story are recognised (model::Print), of the
-- latest items only: older ones are taken away as new ones come.

CREATE TABLE prints (
    item INTEGER PRIMARY KEY,           -- items.n
    incident INTEGER NOT NULL,          -- incidents.n
    at INTEGER NOT NULL,                -- effective time of the item
    body BLOB NOT NULL
) STRICT;
CREATE INDEX prints_story ON prints (incident, at);

CREATE TABLE story_words (
    word INTEGER NOT NULL,              -- the hash of a word, unsigned 32 bits
    at INTEGER NOT NULL,
    item INTEGER NOT NULL,              -- items.n
    incident INTEGER NOT NULL,          -- incidents.n
    PRIMARY KEY (word, at, item)
) STRICT, WITHOUT ROWID;
