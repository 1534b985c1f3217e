CREATE TABLE introduction_readings (
    introduction_id UUID NOT NULL REFERENCES introductions (id),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (introduction_id, side)
);
ALTER TABLE disclosures DROP COLUMN opened_by;
ALTER TABLE disclosures DROP COLUMN revision;
ALTER TABLE disclosures DROP COLUMN rules;
ALTER TABLE disclosures DROP COLUMN verdict;
ALTER TABLE disclosures DROP COLUMN decision_id;
