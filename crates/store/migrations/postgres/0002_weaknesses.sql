-- The OWASP Top 10, and through its weaknesses its CVEs.

CREATE TABLE owasp_categories (
    edition BIGINT NOT NULL,
    rank    BIGINT NOT NULL,
    body    TEXT   NOT NULL,
    PRIMARY KEY (edition, rank)
);

-- Which CVEs have a weakness; follows from the statements.
CREATE TABLE vulnerability_weaknesses (
    cwe           BIGINT NOT NULL,
    vulnerability BIGINT NOT NULL REFERENCES vulnerabilities (n),
    PRIMARY KEY (cwe, vulnerability)
);

CREATE INDEX vulnerability_weaknesses_of ON vulnerability_weaknesses (vulnerability);
