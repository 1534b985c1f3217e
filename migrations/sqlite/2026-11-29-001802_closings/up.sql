-- A round that closes in several steps, each promise in one of them.
CREATE TABLE deal_closings (
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    number INTEGER NOT NULL CHECK (number > 0),
    minimum INTEGER NOT NULL CHECK (minimum > 0),
    maximum INTEGER NOT NULL,
    closes_on TEXT NOT NULL,
    status TEXT NOT NULL,
    closed_on TEXT NULL,
    funded_on TEXT NULL,
    PRIMARY KEY (deal_id, number)
) STRICT;

ALTER TABLE deal_participants ADD COLUMN closing INTEGER NULL;
-- What it got when its closing was closed, in the round's currency.
ALTER TABLE deal_participants ADD COLUMN allocated INTEGER NULL;
