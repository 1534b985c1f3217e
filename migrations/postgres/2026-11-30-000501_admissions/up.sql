-- Admissions are listed in their order, and what was taken back is kept with
-- its reason.
CREATE TABLE programme_departures (
    id UUID NOT NULL PRIMARY KEY,
    programme_id UUID NOT NULL REFERENCES programmes (id),
    profile_id UUID NULL REFERENCES startup_profiles (id),
    mandate_id UUID NULL REFERENCES mandates (id),
    admitted_at TIMESTAMPTZ NOT NULL,
    withdrawn_at TIMESTAMPTZ NOT NULL,
    withdrawn_by UUID NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    CHECK ((profile_id IS NULL) = (mandate_id IS NOT NULL))
);
CREATE INDEX programme_departures_by_programme ON programme_departures (programme_id, withdrawn_at, id);
CREATE INDEX programme_startups_by_age ON programme_startups (programme_id, admitted_at, profile_id);
CREATE INDEX programme_mandates_by_age ON programme_mandates (programme_id, admitted_at, mandate_id);

-- Evidence is never changed: one that was wrong is replaced by another.
ALTER TABLE commitment_evidence ADD COLUMN replaces_id UUID NULL REFERENCES commitment_evidence (id);
CREATE UNIQUE INDEX commitment_evidence_replaced_once ON commitment_evidence (replaces_id);
