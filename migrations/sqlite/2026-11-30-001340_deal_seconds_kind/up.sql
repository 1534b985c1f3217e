-- What a yes is about stands in columns and is looked up by them, not by how
-- the matter is written; the matter stays what two people have to mean alike.
CREATE TABLE deal_seconds_new (
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    matter TEXT NOT NULL,
    person_id BLOB NOT NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('unblock', 'vouch', 'paid')),
    payer_id BLOB NULL REFERENCES organizations (id) CHECK (length(payer_id) = 16),
    camp TEXT NULL CHECK (camp IN ('startup', 'investor', 'operator')),
    PRIMARY KEY (deal_id, matter, person_id)
) STRICT;
INSERT INTO deal_seconds_new (deal_id, matter, person_id, reason, created_at, kind, payer_id, camp)
SELECT deal_id, matter, person_id, reason, created_at,
    CASE WHEN matter LIKE 'paid %' THEN 'paid' WHEN matter LIKE 'vouch %' THEN 'vouch' ELSE 'unblock' END,
    CASE WHEN matter LIKE 'paid %' THEN unhex(replace(substr(matter, 6, 36), '-', '')) END,
    CASE WHEN matter LIKE 'paid % startup' THEN 'startup'
        WHEN matter LIKE 'paid % investor' THEN 'investor'
        WHEN matter LIKE 'paid % operator' THEN 'operator' END
FROM deal_seconds;
DROP TABLE deal_seconds;
ALTER TABLE deal_seconds_new RENAME TO deal_seconds;
CREATE INDEX deal_seconds_by_kind ON deal_seconds (kind, created_at);
