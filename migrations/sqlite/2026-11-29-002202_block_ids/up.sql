-- A block is one record with an id, so that it can be read and lifted; two
-- people lift it.
CREATE TABLE blocks_with_ids (
    lower_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(lower_organization_id) = 16),
    upper_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(upper_organization_id) = 16),
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    first_lifted_by BLOB NULL REFERENCES users (id) CHECK (length(first_lifted_by) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    PRIMARY KEY (lower_organization_id, upper_organization_id)
) STRICT;
INSERT INTO blocks_with_ids
SELECT lower_organization_id, upper_organization_id, reason, created_at, randomblob(16), NULL, 1
FROM blocks;
DROP TABLE blocks;
ALTER TABLE blocks_with_ids RENAME TO blocks;
CREATE UNIQUE INDEX blocks_by_id ON blocks (id);
CREATE INDEX blocks_by_age ON blocks (created_at, id);
CREATE INDEX blocks_by_upper ON blocks (upper_organization_id);
