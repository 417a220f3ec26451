-- The first schema; says the same as the one of SQLite. Times are microseconds since
-- 1970 in UTC, bodies JSON as text: nothing in them is asked for, and jsonb would
-- refuse some. Names are compared byte by byte ("C"), as SQLite does.

CREATE TABLE items (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    source TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    effective BIGINT NOT NULL,
    occasion BIGINT NOT NULL,
    placed_at BIGINT,                   -- null: waits for placement
    incident BIGINT,                    -- incidents.n; null: waits, or irrelevant
    repeat_of UUID,
    canonical_url TEXT COLLATE "C",
    content_hash BYTEA
);
-- Texts from outside may be longer than an index entry can be, so they are found by
-- their hash.
CREATE INDEX items_document ON items (source, md5(external_id));
CREATE INDEX items_waiting ON items (effective, n) WHERE placed_at IS NULL;
CREATE INDEX items_story ON items (incident, effective) WHERE incident IS NOT NULL;
CREATE INDEX items_address ON items (md5(canonical_url)) WHERE incident IS NOT NULL AND canonical_url IS NOT NULL;
CREATE INDEX items_text ON items (content_hash, effective) WHERE incident IS NOT NULL AND content_hash IS NOT NULL;

CREATE TABLE item_texts (
    item BIGINT PRIMARY KEY,            -- items.n
    author TEXT,
    body TEXT NOT NULL,
    joined_because TEXT,
    analysis TEXT
);

-- Filled with our own token stream (src/tokens.rs): its tokens are the lexemes, and
-- no dictionary of the server is asked.
CREATE TABLE item_words (
    item BIGINT PRIMARY KEY,            -- items.n
    words TSVECTOR NOT NULL,
    stream TEXT                         -- of a text too long for a tsvector's positions
);
CREATE INDEX item_words_words ON item_words USING gin (words);
CREATE INDEX item_words_long ON item_words (item) WHERE stream IS NOT NULL;

-- What is known of a CVE follows from the statements on it and is fused when it is
-- read. The columns are what the fused whole says.
CREATE TABLE vulnerabilities (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cve TEXT COLLATE "C" NOT NULL UNIQUE,
    severity BIGINT,
    score BIGINT,                       -- tenths
    status TEXT COLLATE "C" NOT NULL,
    kev BOOLEAN NOT NULL,
    exploited BOOLEAN NOT NULL,         -- KEV, or SSVC says active
    ransomware BOOLEAN NOT NULL,
    modified BIGINT
);

CREATE TABLE statements (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vulnerability BIGINT NOT NULL,      -- vulnerabilities.n
    source TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL, -- the source's name of it; '' where the CVE is the name
    modified BIGINT,
    hash BYTEA NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX statements_place ON statements (vulnerability, source, md5(document));
CREATE INDEX statements_source ON statements (source, vulnerability);

CREATE TABLE incidents (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    revision BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    score BIGINT NOT NULL,              -- tenths
    status TEXT COLLATE "C" NOT NULL,
    exploited BOOLEAN NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX incidents_latest ON incidents (last_seen DESC, id DESC);
CREATE INDEX incidents_worst ON incidents (severity DESC, score DESC, last_seen DESC, id DESC);

CREATE TABLE incident_bodies (
    incident BIGINT PRIMARY KEY,        -- incidents.n
    body TEXT NOT NULL
);

CREATE TABLE incident_keys (
    kind BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    incident BIGINT NOT NULL,           -- incidents.n
    PRIMARY KEY (kind, value, incident)
);
CREATE INDEX incident_keys_incident ON incident_keys (incident);

CREATE TABLE alerts (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    rule TEXT COLLATE "C" NOT NULL,
    incident BIGINT NOT NULL,           -- incidents.n
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX alerts_rule ON alerts (rule, at, n);
CREATE INDEX alerts_story ON alerts (incident, rule, at);

CREATE TABLE deliveries (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    channel TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,               -- 0 incident, 1 digest, 2 notice
    incident BIGINT,                    -- incidents.n
    body TEXT NOT NULL,
    state BIGINT NOT NULL,              -- 0 pending, 1 sent, 2 dead
    due BIGINT NOT NULL,
    gap BIGINT NOT NULL,                -- microseconds after the story's last message
    attempts BIGINT NOT NULL,
    error TEXT,
    created BIGINT NOT NULL,
    settled BIGINT,
    holder TEXT,
    held_until BIGINT
);
CREATE INDEX deliveries_pending ON deliveries (channel, due) WHERE state = 0;
CREATE INDEX deliveries_pending_story ON deliveries (channel, incident) WHERE state = 0;
CREATE INDEX deliveries_state ON deliveries (state, n);

CREATE TABLE delivery_alerts (
    delivery BIGINT NOT NULL,           -- deliveries.n
    alert BIGINT NOT NULL,              -- alerts.n
    PRIMARY KEY (delivery, alert)
);
CREATE INDEX delivery_alerts_alert ON delivery_alerts (alert);

CREATE TABLE attempts (
    delivery BIGINT NOT NULL,           -- deliveries.n
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
);

CREATE TABLE threads (
    channel TEXT COLLATE "C" NOT NULL,
    incident BIGINT NOT NULL,           -- incidents.n
    thread TEXT,
    last_sent BIGINT NOT NULL,
    PRIMARY KEY (channel, incident)
);

CREATE TABLE paused_channels (
    channel TEXT COLLATE "C" PRIMARY KEY,
    since BIGINT NOT NULL,
    reason TEXT NOT NULL
);

CREATE TABLE channel_memos (
    channel TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (channel, key)
);

CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT,                        -- null: given back
    number BIGINT NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE sources (
    source TEXT COLLATE "C" PRIMARY KEY,
    cursor TEXT NOT NULL,
    first_success BIGINT,
    last_success BIGINT,
    last_attempt BIGINT,
    failures BIGINT NOT NULL,
    error TEXT,
    last_item BIGINT,
    items BIGINT NOT NULL,
    problems BIGINT NOT NULL,
    problem TEXT
);

-- Numbered in the order of their commits, under a lock: a reader that has seen one
-- has seen all before it.
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
);

CREATE TABLE probes (
    probe BIGINT PRIMARY KEY CHECK (probe = 1),
    count BIGINT NOT NULL
);
INSERT INTO probes VALUES (1, 0);
