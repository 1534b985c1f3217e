-- What a yes is about stands in columns and is looked up by them, not by how
-- the matter is written; the matter stays what two people have to mean alike.
ALTER TABLE deal_seconds ADD COLUMN kind TEXT NULL CHECK (kind IN ('unblock', 'vouch', 'paid'));
ALTER TABLE deal_seconds ADD COLUMN payer_id UUID NULL REFERENCES organizations (id);
ALTER TABLE deal_seconds ADD COLUMN camp TEXT NULL CHECK (camp IN ('startup', 'investor', 'operator'));
UPDATE deal_seconds SET
    kind = CASE WHEN matter LIKE 'paid %' THEN 'paid' WHEN matter LIKE 'vouch %' THEN 'vouch' ELSE 'unblock' END,
    payer_id = CASE WHEN matter LIKE 'paid %' THEN substr(matter, 6, 36)::uuid END,
    camp = CASE WHEN matter LIKE 'paid % startup' THEN 'startup'
        WHEN matter LIKE 'paid % investor' THEN 'investor'
        WHEN matter LIKE 'paid % operator' THEN 'operator' END;
ALTER TABLE deal_seconds ALTER COLUMN kind SET NOT NULL;
CREATE INDEX deal_seconds_by_kind ON deal_seconds (kind, created_at);
