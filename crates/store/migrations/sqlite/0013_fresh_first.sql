-- What may alert is placed before history (occasion 1): an import of a hundred thousand
-- items must not hold up what happens now.

DROP INDEX items_waiting;
CREATE INDEX items_waiting ON items (occasion = 1, effective) WHERE placed_at IS NULL;
