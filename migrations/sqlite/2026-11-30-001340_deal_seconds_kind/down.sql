CREATE TABLE deal_seconds_new (
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    matter TEXT NOT NULL,
    person_id BLOB NOT NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deal_id, matter, person_id)
) STRICT;
INSERT INTO deal_seconds_new (deal_id, matter, person_id, reason, created_at)
SELECT deal_id, matter, person_id, reason, created_at FROM deal_seconds;
DROP TABLE deal_seconds;
ALTER TABLE deal_seconds_new RENAME TO deal_seconds;
