-- Firms that were shown before it was asked whether their people agreed go on as
-- before for half a year, in which these are asked.
CREATE TABLE consents_before (
    organization_id UUID NOT NULL PRIMARY KEY REFERENCES organizations (id),
    holds_until TIMESTAMPTZ NOT NULL
);
INSERT INTO consents_before (organization_id, holds_until)
SELECT shown.organization_id, now() + INTERVAL '180 days'
FROM (
    SELECT organization_id FROM startup_profiles WHERE claimed AND published_at IS NOT NULL
    UNION
    SELECT organization_id FROM mandates WHERE claimed AND published_at IS NOT NULL
) AS shown
WHERE shown.organization_id NOT IN (
    SELECT organization_id FROM consent_receipts WHERE withdrawn_at IS NULL AND valid_to > now()
);
