-- How a match goes on: until when each side put it off (once), when the next
-- of these is over, when each side was first shown it, and what the curators
-- say of its pair.
ALTER TABLE matches ADD COLUMN startup_snoozed_until INTEGER NULL;
ALTER TABLE matches ADD COLUMN investor_snoozed_until INTEGER NULL;
ALTER TABLE matches ADD COLUMN wakes_at INTEGER NULL;
ALTER TABLE matches ADD COLUMN startup_shown_at INTEGER NULL;
ALTER TABLE matches ADD COLUMN investor_shown_at INTEGER NULL;
ALTER TABLE matches ADD COLUMN curation TEXT NULL CHECK (curation IN ('pinned', 'vetoed'));
-- How strong the account calls it, for lists.
ALTER TABLE matches ADD COLUMN band TEXT NOT NULL DEFAULT 'weak' CHECK (band IN ('strong', 'good', 'possible', 'weak'));

UPDATE matches SET band = json_extract(explanation, '$.band');
UPDATE matches SET startup_shown_at = (SELECT min(d.created_at) FROM disclosures d WHERE d.subject_kind = 'match' AND d.subject_id = matches.id AND d.shown_to_organization_id = matches.startup_id);
UPDATE matches SET investor_shown_at = (SELECT min(d.created_at) FROM disclosures d WHERE d.subject_kind = 'match' AND d.subject_id = matches.id AND d.shown_to_organization_id = matches.investor_id);

-- What comes back by the clock.
CREATE INDEX matches_to_wake ON matches (status, wakes_at);
-- What a mandate was shown of late, and how often a startup was.
CREATE INDEX matches_by_showing ON matches (programme_id, investor_shown_at);
-- Which live matches a change of a record may end.
CREATE INDEX matches_by_mandate ON matches (mandate_id, status);

-- The words people give with a pass, a pin or a veto; the log holds their
-- hashes only.
CREATE TABLE match_notes (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    match_id BLOB NOT NULL REFERENCES matches (id) CHECK (length(match_id) = 16),
    action TEXT NOT NULL,
    note TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX match_notes_by_match ON match_notes (match_id, created_at);

-- What the curators say of a pair, whatever becomes of its matches.
CREATE TABLE match_curations (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    mandate_id BLOB NOT NULL REFERENCES mandates (id) CHECK (length(mandate_id) = 16),
    curation TEXT NOT NULL CHECK (curation IN ('pinned', 'vetoed')),
    reason TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (programme_id, startup_profile_id, mandate_id)
) STRICT;
CREATE INDEX match_curations_by_mandate ON match_curations (mandate_id);
