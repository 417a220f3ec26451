-- What queries ask of an incident (model::query::Facts): columns for its numbers,
-- a row of keys for each word by which it is looked up, its affected products.
-- SQLite fills these for incidents from before; no PostgreSQL held any.

ALTER TABLE incidents ADD COLUMN kev BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE incidents ADD COLUMN items BIGINT NOT NULL DEFAULT 1;
ALTER TABLE incidents ADD COLUMN epss BIGINT;       -- hundred-thousandths, the highest of its CVEs
ALTER TABLE incidents ADD COLUMN cvss BIGINT;       -- tenths, the highest of its CVEs

CREATE TABLE incident_affected (
    incident BIGINT PRIMARY KEY,        -- incidents.n
    body TEXT NOT NULL
);

-- The keys of one incident that begin so.
DROP INDEX incident_keys_incident;
CREATE INDEX incident_keys_incident ON incident_keys (incident, kind, value);

CREATE TABLE saved_searches (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    query TEXT NOT NULL,                -- as it is printed
    at BIGINT NOT NULL
);
