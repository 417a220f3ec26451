-- What people did about incidents and say of them, and how incidents developed.

CREATE TABLE developments (
    n INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL,          -- incidents.n
    at INTEGER NOT NULL,
    by TEXT,                            -- null: Prahari itself
    item BLOB,                          -- items.id: the item that brought it
    was BLOB,                           -- incidents.id of which it was told, merged since
    body TEXT NOT NULL
) STRICT;
CREATE INDEX developments_of ON developments (incident, n);

CREATE TABLE notes (
    n INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL,          -- incidents.n
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX notes_of ON notes (incident, n);

-- What people said of a document (in all its versions) and a story.
CREATE TABLE placement_marks (
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    incident INTEGER NOT NULL,          -- incidents.n
    belongs INTEGER NOT NULL,           -- 1: it tells this story; 0: it does not
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (source, external_id, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX placement_marks_incident ON placement_marks (incident, belongs);

-- Incidents that went into others: their names still lead there.
CREATE TABLE merged_incidents (
    id BLOB PRIMARY KEY,                -- the name it had
    incident INTEGER NOT NULL           -- incidents.n: where its items are
) STRICT, WITHOUT ROWID;
CREATE INDEX merged_incidents_into ON merged_incidents (incident);

-- A merge takes along what was sent.
CREATE INDEX deliveries_story ON deliveries (incident) WHERE incident IS NOT NULL;
CREATE INDEX threads_story ON threads (incident);
