-- A walk through the latest reads what numbers ask from the index alone.

DROP INDEX incidents_latest;
CREATE INDEX incidents_latest ON incidents (
    last_seen DESC, id DESC, severity, score, exploited, kev, epss, cvss, items
);

-- Beginnings of words: those of two and three letters, which stand in a great many
-- items, have an index of their own. It has to be made with the table, and a table
-- without content cannot be copied: src/sqlite/schema.rs fills it again.

DROP TABLE items_fts;
CREATE VIRTUAL TABLE items_fts USING fts5 (
    title, text, names,
    content = '', contentless_delete = 1, prefix = '2 3',
    tokenize = "ascii tokenchars '-_.'"
);
