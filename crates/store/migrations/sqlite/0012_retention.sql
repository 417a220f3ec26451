-- What was forgotten: a source may go on listing an old item for years, and it is not
-- to come back as news. Only the name is kept, while it is still seen.

CREATE TABLE forgotten_items (
    id BLOB PRIMARY KEY,                -- items.id, as it was
    seen INTEGER NOT NULL               -- when it was forgotten, or seen again since
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_items_seen ON forgotten_items (seen);

-- Irrelevant items, those placed first.
CREATE INDEX items_irrelevant ON items (placed_at) WHERE incident IS NULL AND placed_at IS NOT NULL;
