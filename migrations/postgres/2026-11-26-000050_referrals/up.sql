-- What partners handed in: which record came of it, under the id that the
-- partner knows it by, and a hash of what was handed in last.
CREATE TABLE referrals (
    id uuid NOT NULL PRIMARY KEY,
    partner_id uuid NOT NULL REFERENCES organizations (id),
    external_id text NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    profile_id uuid NULL REFERENCES startup_profiles (id),
    mandate_id uuid NULL REFERENCES mandates (id),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((profile_id IS NULL) = (mandate_id IS NOT NULL))
);
CREATE UNIQUE INDEX referrals_by_external_id ON referrals (partner_id, external_id);
CREATE INDEX referrals_by_partner ON referrals (partner_id, created_at, id);
CREATE INDEX referrals_by_age ON referrals (created_at, id);
-- How many contacts were asked of late.
CREATE INDEX contacts_by_asking ON contacts (asked_at);
