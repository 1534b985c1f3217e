-- What of a match each side was told: how often that changed, and when last,
-- so that nobody reads off a version what the other side or a curator did.
ALTER TABLE matches ADD COLUMN startup_version bigint NOT NULL DEFAULT 1;
ALTER TABLE matches ADD COLUMN investor_version bigint NOT NULL DEFAULT 1;
ALTER TABLE matches ADD COLUMN startup_updated_at timestamptz NOT NULL DEFAULT 'epoch';
ALTER TABLE matches ADD COLUMN investor_updated_at timestamptz NOT NULL DEFAULT 'epoch';

UPDATE matches SET startup_version = version, investor_version = version, startup_updated_at = updated_at, investor_updated_at = updated_at;
