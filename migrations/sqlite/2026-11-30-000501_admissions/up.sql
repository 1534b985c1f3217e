-- Admissions are listed in their order, and what was taken back is kept with
-- its reason.
CREATE TABLE programme_departures (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    profile_id BLOB NULL REFERENCES startup_profiles (id) CHECK (length(profile_id) = 16),
    mandate_id BLOB NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    admitted_at INTEGER NOT NULL,
    withdrawn_at INTEGER NOT NULL,
    withdrawn_by BLOB NOT NULL REFERENCES users (id) CHECK (length(withdrawn_by) = 16),
    reason TEXT NOT NULL,
    CHECK ((profile_id IS NULL) = (mandate_id IS NOT NULL))
) STRICT;
CREATE INDEX programme_departures_by_programme ON programme_departures (programme_id, withdrawn_at, id);
CREATE INDEX programme_startups_by_age ON programme_startups (programme_id, admitted_at, profile_id);
CREATE INDEX programme_mandates_by_age ON programme_mandates (programme_id, admitted_at, mandate_id);

-- Evidence is never changed: one that was wrong is replaced by another.
ALTER TABLE commitment_evidence ADD COLUMN replaces_id BLOB NULL REFERENCES commitment_evidence (id) CHECK (length(replaces_id) = 16);
CREATE UNIQUE INDEX commitment_evidence_replaced_once ON commitment_evidence (replaces_id);
