CREATE TABLE introduction_readings (
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (introduction_id, side)
) STRICT;
ALTER TABLE disclosures DROP COLUMN opened_by;
ALTER TABLE disclosures DROP COLUMN revision;
ALTER TABLE disclosures DROP COLUMN rules;
ALTER TABLE disclosures DROP COLUMN verdict;
ALTER TABLE disclosures DROP COLUMN decision_id;
