CREATE TABLE blocks_without_ids (
    lower_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(lower_organization_id) = 16),
    upper_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(upper_organization_id) = 16),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (lower_organization_id, upper_organization_id)
) STRICT;
INSERT INTO blocks_without_ids
SELECT lower_organization_id, upper_organization_id, reason, created_at
FROM blocks;
DROP TABLE blocks;
ALTER TABLE blocks_without_ids RENAME TO blocks;
