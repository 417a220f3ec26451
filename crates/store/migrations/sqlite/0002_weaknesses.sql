-- The OWASP Top 10, and through its weaknesses its CVEs.

CREATE TABLE owasp_categories (
    edition INTEGER NOT NULL,
    rank    INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (edition, rank)
) STRICT, WITHOUT ROWID;

-- Which CVEs have a weakness; follows from the statements.
CREATE TABLE vulnerability_weaknesses (
    cwe           INTEGER NOT NULL,
    vulnerability INTEGER NOT NULL REFERENCES vulnerabilities (n),
    PRIMARY KEY (cwe, vulnerability)
) STRICT, WITHOUT ROWID;

CREATE INDEX vulnerability_weaknesses_of ON vulnerability_weaknesses (vulnerability);

INSERT OR IGNORE INTO vulnerability_weaknesses (cwe, vulnerability)
SELECT CAST(substr(weakness.value, 5) AS INTEGER), statements.vulnerability
FROM statements, json_each(statements.body, '$.weaknesses') AS weakness;
