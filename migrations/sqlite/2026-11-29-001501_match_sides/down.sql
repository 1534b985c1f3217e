ALTER TABLE matches DROP COLUMN investor_updated_at;
ALTER TABLE matches DROP COLUMN startup_updated_at;
ALTER TABLE matches DROP COLUMN investor_version;
ALTER TABLE matches DROP COLUMN startup_version;
