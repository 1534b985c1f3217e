-- A block is one record with an id, so that it can be read and lifted; two
-- people lift it.
ALTER TABLE blocks ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE blocks ALTER COLUMN id DROP DEFAULT;
ALTER TABLE blocks ADD COLUMN first_lifted_by UUID NULL REFERENCES users (id);
ALTER TABLE blocks ADD COLUMN version BIGINT NOT NULL DEFAULT 1 CHECK (version > 0);
ALTER TABLE blocks ALTER COLUMN version DROP DEFAULT;
CREATE UNIQUE INDEX blocks_by_id ON blocks (id);
CREATE INDEX blocks_by_age ON blocks (created_at, id);
CREATE INDEX blocks_by_upper ON blocks (upper_organization_id);
