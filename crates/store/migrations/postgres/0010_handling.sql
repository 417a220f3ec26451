-- What people did about incidents and say of them, and how incidents developed.

CREATE TABLE developments (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident BIGINT NOT NULL,           -- incidents.n
    at BIGINT NOT NULL,
    by TEXT,                            -- null: Prahari itself
    item UUID,                          -- items.id: the item that brought it
    was UUID,                           -- incidents.id of which it was told, merged since
    body TEXT NOT NULL
);
CREATE INDEX developments_of ON developments (incident, n);

CREATE TABLE notes (
    n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident BIGINT NOT NULL,           -- incidents.n
    at BIGINT NOT NULL,
    by TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX notes_of ON notes (incident, n);

-- What people said of a document (in all its versions) and a story. A document's
-- name may be longer than an index entry can be, so it is found by its hash.
CREATE TABLE placement_marks (
    source TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    incident BIGINT NOT NULL,           -- incidents.n
    belongs BOOLEAN NOT NULL,           -- it tells this story; false: it does not
    at BIGINT NOT NULL,
    by TEXT NOT NULL
);
CREATE UNIQUE INDEX placement_marks_place ON placement_marks (source, md5(external_id), incident);
CREATE INDEX placement_marks_incident ON placement_marks (incident, belongs);

-- Incidents that went into others: their names still lead there.
CREATE TABLE merged_incidents (
    id UUID PRIMARY KEY,                -- the name it had
    incident BIGINT NOT NULL            -- incidents.n: where its items are
);
CREATE INDEX merged_incidents_into ON merged_incidents (incident);

-- A merge takes along what was sent.
CREATE INDEX deliveries_story ON deliveries (incident) WHERE incident IS NOT NULL;
CREATE INDEX threads_story ON threads (incident);
