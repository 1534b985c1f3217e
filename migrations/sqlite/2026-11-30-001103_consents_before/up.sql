-- Firms that were shown before it was asked whether their people agreed go on as
-- before for half a year, in which these are asked.
CREATE TABLE consents_before (
    organization_id BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    holds_until INTEGER NOT NULL
) STRICT;
INSERT INTO consents_before (organization_id, holds_until)
SELECT shown.organization_id, (CAST(strftime('%s', 'now') AS INTEGER) + 180 * 86400) * 1000000
FROM (
    SELECT organization_id FROM startup_profiles WHERE claimed = 1 AND published_at IS NOT NULL
    UNION
    SELECT organization_id FROM mandates WHERE claimed = 1 AND published_at IS NOT NULL
) AS shown
WHERE shown.organization_id NOT IN (
    SELECT organization_id FROM consent_receipts WHERE withdrawn_at IS NULL AND valid_to > CAST(strftime('%s', 'now') AS INTEGER) * 1000000
);
