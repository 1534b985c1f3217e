DROP INDEX blocks_by_upper;
DROP INDEX blocks_by_age;
DROP INDEX blocks_by_id;
ALTER TABLE blocks DROP COLUMN version;
ALTER TABLE blocks DROP COLUMN first_lifted_by;
ALTER TABLE blocks DROP COLUMN id;
