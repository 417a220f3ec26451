-- What people say of items, and what was decided about the models that learn from it.

CREATE TABLE feedback (
    n    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id   UUID NOT NULL UNIQUE,
    item UUID NOT NULL,                 -- items.id; the item may be forgotten, the label stays
    at   BIGINT NOT NULL,               -- microseconds since 1970
    body TEXT NOT NULL                  -- JSON of model::Feedback
);
CREATE INDEX feedback_item ON feedback (item);

-- The latest decision on a task says which of its models is live.
CREATE TABLE model_decisions (
    n    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task TEXT COLLATE "C" NOT NULL,
    at   BIGINT NOT NULL,
    body TEXT NOT NULL                  -- JSON of model::Decision
);
CREATE INDEX model_decisions_task ON model_decisions (task, n);
