-- What investors did before, as imported files say: one row for each part in a
-- round. The startup is named by its id in the files; it need not be on record.
CREATE TABLE investments (
    id uuid NOT NULL PRIMARY KEY,
    investor_id uuid NOT NULL REFERENCES organizations (id),
    startup text NOT NULL,
    country text NULL,
    tags text NOT NULL,
    stage text NULL CHECK (stage IN ('pre_seed', 'seed', 'series_a', 'series_b', 'growth', 'bridge', 'non_dilutive')),
    round_minor bigint NULL,
    round_currency text NULL,
    invested_on date NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK ((round_minor IS NULL) = (round_currency IS NULL))
);
CREATE INDEX investments_by_investor ON investments (investor_id);
