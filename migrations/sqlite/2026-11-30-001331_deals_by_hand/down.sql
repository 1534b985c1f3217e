-- Those that came of no introduction have no place in the older form.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE deals_before AS SELECT * FROM deals;
DROP TABLE deals;
CREATE TABLE deals (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    match_id BLOB NOT NULL REFERENCES matches (id) CHECK (length(match_id) = 16),
    introduction_id BLOB NOT NULL UNIQUE REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(startup_id) = 16),
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    investor_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(investor_id) = 16),
    pipeline TEXT NOT NULL,
    stage TEXT NOT NULL,
    stage_entered_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'on_hold', 'won', 'lost', 'withdrawn', 'blocked')),
    resume_on TEXT,
    close_code TEXT,
    reported_by TEXT CHECK (reported_by IN ('startup', 'investor')),
    facts TEXT NOT NULL,
    startup_funding TEXT,
    investor_funding TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    pipeline_set_id BLOB NULL REFERENCES pipeline_sets (id) CHECK (length(pipeline_set_id) = 16)
) STRICT;
INSERT INTO deals (id, programme_id, match_id, introduction_id, startup_profile_id, startup_id, mandate_id, investor_id, pipeline, stage, stage_entered_at, status, resume_on, close_code, reported_by, facts, startup_funding, investor_funding, version, created_at, updated_at, pipeline_set_id)
    SELECT id, programme_id, match_id, introduction_id, startup_profile_id, startup_id, mandate_id, investor_id, pipeline, stage, stage_entered_at, status, resume_on, close_code, reported_by, facts, startup_funding, investor_funding, version, created_at, updated_at, pipeline_set_id FROM deals_before;
DROP TABLE deals_before;
CREATE INDEX deals_by_startup ON deals (startup_id, created_at, id);
CREATE INDEX deals_by_investor ON deals (investor_id, created_at, id);
CREATE INDEX deals_by_age ON deals (created_at, id);
CREATE INDEX deals_by_change ON deals (updated_at, id);
CREATE INDEX deals_to_resume ON deals (status, resume_on);
CREATE INDEX deals_waiting ON deals (status, stage_entered_at, id);
CREATE INDEX deals_by_pipeline ON deals (pipeline, status);
CREATE INDEX deals_by_profile ON deals (startup_profile_id);
CREATE INDEX deals_by_mandate ON deals (mandate_id);
CREATE INDEX deals_by_programme ON deals (programme_id, created_at, id);
CREATE INDEX deals_by_pipeline_set ON deals (pipeline_set_id);
