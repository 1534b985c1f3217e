-- What partners handed in: which record came of it, under the id that the
-- partner knows it by, and a hash of what was handed in last.
CREATE TABLE referrals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    partner_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(partner_id) = 16),
    external_id TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    profile_id BLOB NULL REFERENCES startup_profiles (id) CHECK (length(profile_id) = 16),
    mandate_id BLOB NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((profile_id IS NULL) = (mandate_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX referrals_by_external_id ON referrals (partner_id, external_id);
CREATE INDEX referrals_by_partner ON referrals (partner_id, created_at, id);
CREATE INDEX referrals_by_age ON referrals (created_at, id);
-- How many contacts were asked of late.
CREATE INDEX contacts_by_asking ON contacts (asked_at);
