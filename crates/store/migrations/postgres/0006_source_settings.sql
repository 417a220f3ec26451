-- What people changed of the sources with a command or in the dashboard, over the
-- catalogue and the settings file.
CREATE TABLE source_settings (
    n       BIGINT GENERATED ALWAYS AS IDENTITY,
    source  TEXT COLLATE "C" PRIMARY KEY,
    enabled BOOLEAN,            -- on or off; NULL: as the entry says
    entry   TEXT,               -- JSON of a source that was added whole; NULL: it is in the catalogue or a file
    at      BIGINT NOT NULL,    -- microseconds since 1970
    by      TEXT NOT NULL       -- `command` or `api`
);

-- One row that grows with each change: a running service looks at it every second.
CREATE TABLE source_settings_revision (
    n        BIGINT PRIMARY KEY CHECK (n = 1),
    revision BIGINT NOT NULL
);
INSERT INTO source_settings_revision VALUES (1, 0);
