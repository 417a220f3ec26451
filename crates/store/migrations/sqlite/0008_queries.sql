-- What queries ask of an incident (model::query::Facts): columns for its numbers,
-- a row of keys for each word by which it is looked up, its affected products.

ALTER TABLE incidents ADD COLUMN kev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN items INTEGER NOT NULL DEFAULT 1;
ALTER TABLE incidents ADD COLUMN epss INTEGER;      -- hundred-thousandths, the highest of its CVEs
ALTER TABLE incidents ADD COLUMN cvss INTEGER;      -- tenths, the highest of its CVEs

CREATE TABLE incident_affected (
    incident INTEGER PRIMARY KEY,       -- incidents.n
    body TEXT NOT NULL
) STRICT;

-- Incidents from before: what their bodies say. Their names and what is affected
-- come with their next item, or with `prahari reprocess`.
UPDATE incidents SET kev = b.body ->> '$.kev', items = b.body ->> '$.items'
FROM incident_bodies b WHERE b.incident = incidents.n;
INSERT OR IGNORE INTO incident_keys (kind, value, incident)
SELECT 6, tag.value ->> '$.label', b.incident FROM incident_bodies b, json_each(b.body, '$.sectors') tag;
INSERT OR IGNORE INTO incident_keys (kind, value, incident)
SELECT 7, state.value, b.incident FROM incident_bodies b, json_each(b.body, '$.region.states') state;
INSERT OR IGNORE INTO incident_keys (kind, value, incident)
SELECT 8, i.status, i.n FROM incidents i;
INSERT OR IGNORE INTO incident_keys (kind, value, incident)
SELECT 9, b.body ->> '$.claim', b.incident FROM incident_bodies b;

CREATE TABLE saved_searches (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    query TEXT NOT NULL,                -- as it is printed
    at INTEGER NOT NULL
) STRICT;
