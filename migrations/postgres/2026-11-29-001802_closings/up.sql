-- A round that closes in several steps, each promise in one of them.
CREATE TABLE deal_closings (
    deal_id UUID NOT NULL REFERENCES deals (id),
    number BIGINT NOT NULL CHECK (number > 0),
    minimum BIGINT NOT NULL CHECK (minimum > 0),
    maximum BIGINT NOT NULL,
    closes_on DATE NOT NULL,
    status TEXT NOT NULL,
    closed_on DATE NULL,
    funded_on DATE NULL,
    PRIMARY KEY (deal_id, number)
);

ALTER TABLE deal_participants ADD COLUMN closing BIGINT NULL;
-- What it got when its closing was closed, in the round's currency.
ALTER TABLE deal_participants ADD COLUMN allocated BIGINT NULL;
