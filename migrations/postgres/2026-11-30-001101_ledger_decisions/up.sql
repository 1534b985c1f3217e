-- Each line of the ledger says by which answer of the gate it was written, what
-- that answer rested on, which version was shown, and who opened it.
ALTER TABLE disclosures ADD COLUMN decision_id UUID NULL;
ALTER TABLE disclosures ADD COLUMN verdict TEXT NULL CHECK (verdict IN ('allow', 'review', 'deny'));
ALTER TABLE disclosures ADD COLUMN rules TEXT NULL;
ALTER TABLE disclosures ADD COLUMN revision BIGINT NULL;
ALTER TABLE disclosures ADD COLUMN opened_by UUID NULL;

-- The ledger knows by itself who has read a named profile.
DROP TABLE introduction_readings;
