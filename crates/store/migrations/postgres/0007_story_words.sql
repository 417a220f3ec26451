-- The words by which items of one story are recognised (model::Print), of the
-- latest items only: older ones are taken away as new ones come.

CREATE TABLE prints (
    item BIGINT PRIMARY KEY,            -- items.n
    incident BIGINT NOT NULL,           -- incidents.n
    at BIGINT NOT NULL,                 -- effective time of the item
    body BYTEA NOT NULL
);
CREATE INDEX prints_story ON prints (incident, at);

CREATE TABLE story_words (
    word BIGINT NOT NULL,               -- the hash of a word, unsigned 32 bits
    at BIGINT NOT NULL,
    item BIGINT NOT NULL,               -- items.n
    incident BIGINT NOT NULL,           -- incidents.n
    PRIMARY KEY (word, at, item)
);
