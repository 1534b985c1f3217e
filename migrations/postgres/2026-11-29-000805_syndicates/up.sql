-- The rounds that deals fill, who takes part in them, and by which day's rates
-- a deal that was won is compared.
CREATE TABLE deal_rounds (
    deal_id UUID NOT NULL PRIMARY KEY REFERENCES deals (id),
    currency TEXT NOT NULL,
    minimum BIGINT NOT NULL CHECK (minimum > 0),
    target BIGINT NOT NULL,
    maximum BIGINT NOT NULL,
    closes_on DATE NOT NULL
);

CREATE TABLE deal_participants (
    deal_id UUID NOT NULL REFERENCES deals (id),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    lead BOOLEAN NOT NULL,
    interest TEXT NOT NULL,
    firmness TEXT NULL,
    amount BIGINT NULL,
    currency TEXT NULL,
    minimum BIGINT NULL,
    rates_on DATE NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (deal_id, organization_id)
);

CREATE TABLE deal_locks (
    deal_id UUID NOT NULL PRIMARY KEY REFERENCES deals (id),
    rates_on DATE NOT NULL
);
CREATE INDEX deals_by_pipeline ON deals (pipeline, status);

-- What takes two people of the operator's: each says so once for what is to
-- be done to the deal as it stands.
CREATE TABLE deal_seconds (
    deal_id UUID NOT NULL REFERENCES deals (id),
    matter TEXT NOT NULL,
    person_id UUID NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (deal_id, matter, person_id)
);
