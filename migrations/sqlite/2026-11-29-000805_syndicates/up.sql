-- The rounds that deals fill, who takes part in them, and by which day's rates
-- a deal that was won is compared.
CREATE TABLE deal_rounds (
    deal_id BLOB NOT NULL PRIMARY KEY REFERENCES deals (id) CHECK (length(deal_id) = 16),
    currency TEXT NOT NULL,
    minimum INTEGER NOT NULL CHECK (minimum > 0),
    target INTEGER NOT NULL,
    maximum INTEGER NOT NULL,
    closes_on TEXT NOT NULL
) STRICT;

CREATE TABLE deal_participants (
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    lead INTEGER NOT NULL CHECK (lead IN (0, 1)),
    interest TEXT NOT NULL,
    firmness TEXT NULL,
    amount INTEGER NULL,
    currency TEXT NULL,
    minimum INTEGER NULL,
    rates_on TEXT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (deal_id, organization_id)
) STRICT;

CREATE TABLE deal_locks (
    deal_id BLOB NOT NULL PRIMARY KEY REFERENCES deals (id) CHECK (length(deal_id) = 16),
    rates_on TEXT NOT NULL
) STRICT;
CREATE INDEX deals_by_pipeline ON deals (pipeline, status);

-- What takes two people of the operator's: each says so once for what is to
-- be done to the deal as it stands.
CREATE TABLE deal_seconds (
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    matter TEXT NOT NULL,
    person_id BLOB NOT NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deal_id, matter, person_id)
) STRICT;
