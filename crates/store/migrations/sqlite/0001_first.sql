-- The first schema. Times are microseconds since 1970 in UTC, ids 16 bytes,
-- bodies JSON. Columns repeat from a body only what queries look at. Narrow rows
-- are kept apart from long texts, so that filters read few pages.

CREATE TABLE items (
    n INTEGER PRIMARY KEY,              -- also the row of items_fts
    id BLOB NOT NULL UNIQUE,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    effective INTEGER NOT NULL,
    occasion INTEGER NOT NULL,
    placed_at INTEGER,                  -- null: waits for placement
    incident INTEGER,                   -- incidents.n; null: waits, or irrelevant
    repeat_of BLOB,
    canonical_url TEXT,
    content_hash BLOB
) STRICT;
CREATE INDEX items_document ON items (source, external_id);
CREATE INDEX items_waiting ON items (effective) WHERE placed_at IS NULL;
CREATE INDEX items_story ON items (incident, effective) WHERE incident IS NOT NULL;
CREATE INDEX items_address ON items (canonical_url) WHERE incident IS NOT NULL AND canonical_url IS NOT NULL;
CREATE INDEX items_text ON items (content_hash, effective) WHERE incident IS NOT NULL AND content_hash IS NOT NULL;

CREATE TABLE item_texts (
    item INTEGER PRIMARY KEY,           -- items.n
    author TEXT,
    body TEXT NOT NULL,
    joined_because TEXT,
    analysis TEXT
) STRICT;

-- Filled with our own token stream (src/tokens.rs), whose tokens are separated by
-- spaces: `ascii` treats every other character it does not know as a letter.
CREATE VIRTUAL TABLE items_fts USING fts5 (
    title, text, names,
    content = '', contentless_delete = 1,
    tokenize = "ascii tokenchars '-_.'"
);

-- What is known of a CVE follows from the statements on it and is fused when it is
-- read: 380,000 second copies would double the file. The columns are what the
-- fused whole says.
CREATE TABLE vulnerabilities (
    n INTEGER PRIMARY KEY,
    cve TEXT NOT NULL UNIQUE,
    severity INTEGER,
    score INTEGER,                      -- tenths
    status TEXT NOT NULL,
    kev INTEGER NOT NULL,
    exploited INTEGER NOT NULL,         -- KEV, or SSVC says active
    ransomware INTEGER NOT NULL,
    modified INTEGER
) STRICT;

CREATE TABLE statements (
    n INTEGER PRIMARY KEY,
    vulnerability INTEGER NOT NULL,     -- vulnerabilities.n
    source TEXT NOT NULL,
    document TEXT NOT NULL,             -- the source's name of it; '' where the CVE is the name
    modified INTEGER,
    hash BLOB NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (vulnerability, source, document)
) STRICT;

CREATE TABLE incidents (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    score INTEGER NOT NULL,             -- tenths
    status TEXT NOT NULL,
    exploited INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_latest ON incidents (last_seen DESC, id DESC);
CREATE INDEX incidents_worst ON incidents (severity DESC, score DESC, last_seen DESC, id DESC);

CREATE TABLE incident_bodies (
    incident INTEGER PRIMARY KEY,       -- incidents.n
    body TEXT NOT NULL
) STRICT;

CREATE TABLE incident_keys (
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    incident INTEGER NOT NULL,          -- incidents.n
    PRIMARY KEY (kind, value, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_keys_incident ON incident_keys (incident);

CREATE TABLE alerts (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    rule TEXT NOT NULL,
    incident INTEGER NOT NULL,          -- incidents.n
    at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_rule ON alerts (rule, at);
CREATE INDEX alerts_story ON alerts (incident, rule, at);

CREATE TABLE deliveries (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    kind INTEGER NOT NULL,              -- 0 incident, 1 digest, 2 notice
    incident INTEGER,                   -- incidents.n
    body TEXT NOT NULL,
    state INTEGER NOT NULL,             -- 0 pending, 1 sent, 2 dead
    due INTEGER NOT NULL,
    gap INTEGER NOT NULL,               -- microseconds after the story's last message
    attempts INTEGER NOT NULL,
    error TEXT,
    created INTEGER NOT NULL,
    settled INTEGER,
    holder TEXT,
    held_until INTEGER
) STRICT;
CREATE INDEX deliveries_pending ON deliveries (channel, due) WHERE state = 0;
CREATE INDEX deliveries_pending_story ON deliveries (channel, incident) WHERE state = 0;
CREATE INDEX deliveries_state ON deliveries (state);

CREATE TABLE delivery_alerts (
    delivery INTEGER NOT NULL,          -- deliveries.n
    alert INTEGER NOT NULL,             -- alerts.n
    PRIMARY KEY (delivery, alert)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_alerts_alert ON delivery_alerts (alert);

CREATE TABLE attempts (
    delivery INTEGER NOT NULL,          -- deliveries.n
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE threads (
    channel TEXT NOT NULL,
    incident INTEGER NOT NULL,          -- incidents.n
    thread TEXT,
    last_sent INTEGER NOT NULL,
    PRIMARY KEY (channel, incident)
) STRICT, WITHOUT ROWID;

CREATE TABLE paused_channels (
    channel TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_memos (
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT,                        -- null: given back
    number INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    source TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    first_success INTEGER,
    last_success INTEGER,
    last_attempt INTEGER,
    failures INTEGER NOT NULL,
    error TEXT,
    last_item INTEGER,
    items INTEGER NOT NULL,
    problems INTEGER NOT NULL,
    problem TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;

CREATE TABLE probes (
    probe INTEGER PRIMARY KEY CHECK (probe = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO probes VALUES (1, 0);
