-- What people say of items, and what was decided about the models that learn from it.

CREATE TABLE feedback (
    n    INTEGER PRIMARY KEY,
    id   BLOB NOT NULL UNIQUE,          -- UUID
    item BLOB NOT NULL,                 -- items.id; the item may be forgotten, the label stays
    at   INTEGER NOT NULL,              -- microseconds since 1970
    body TEXT NOT NULL                  -- JSON of model::Feedback
) STRICT;
CREATE INDEX feedback_item ON feedback (item);

-- The latest decision on a task says which of its models is live.
CREATE TABLE model_decisions (
    n    INTEGER PRIMARY KEY,
    task TEXT NOT NULL,
    at   INTEGER NOT NULL,
    body TEXT NOT NULL                  -- JSON of model::Decision
) STRICT;
CREATE INDEX model_decisions_task ON model_decisions (task, n);
