-- What investors did before, as imported files say: one row for each part in a
-- round. The startup is named by its id in the files; it need not be on record.
CREATE TABLE investments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    investor_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(investor_id) = 16),
    startup TEXT NOT NULL,
    country TEXT NULL,
    tags TEXT NOT NULL,
    stage TEXT NULL CHECK (stage IN ('pre_seed', 'seed', 'series_a', 'series_b', 'growth', 'bridge', 'non_dilutive')),
    round_minor INTEGER NULL,
    round_currency TEXT NULL,
    invested_on TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((round_minor IS NULL) = (round_currency IS NULL))
) STRICT;
CREATE INDEX investments_by_investor ON investments (investor_id);
