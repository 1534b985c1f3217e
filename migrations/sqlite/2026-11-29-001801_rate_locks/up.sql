-- What money was worth when amounts were locked, each set of rates once by the
-- hash of its text, so that no quotation of the same day changes it later.
CREATE TABLE rate_locks (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    document TEXT NOT NULL
) STRICT;

-- The days by which amounts were compared before values were kept. What the
-- rates say of them now is locked right after this migration.
CREATE TABLE rate_days (
    rates_on TEXT NOT NULL PRIMARY KEY,
    digest BLOB NULL
) STRICT;

ALTER TABLE deal_participants ADD COLUMN rates_digest BLOB NULL;
ALTER TABLE deal_locks ADD COLUMN rates_digest BLOB NULL;
ALTER TABLE deal_rounds ADD COLUMN rates_on TEXT NULL;
ALTER TABLE deal_rounds ADD COLUMN rates_digest BLOB NULL;

INSERT INTO rate_days (rates_on)
SELECT rates_on FROM deal_participants WHERE rates_on IS NOT NULL
UNION
SELECT rates_on FROM deal_locks
UNION
SELECT happened_on FROM commitment_evidence WHERE adds = 'money'
UNION
SELECT json_extract(payload, '$.rates_of.date') FROM events
WHERE kind IN ('deal.moved', 'deal.participant_set') AND json_extract(payload, '$.rates_of.date') IS NOT NULL;
