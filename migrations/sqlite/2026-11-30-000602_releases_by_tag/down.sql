-- What was decided about one tag can't stand for all: only the older decisions
-- stay.
CREATE TABLE disclosure_releases_of_all (
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_revision INTEGER NOT NULL,
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    counterpart_country TEXT NOT NULL,
    released_by BLOB NOT NULL REFERENCES users (id) CHECK (length(released_by) = 16),
    reason TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by)
) STRICT;
INSERT INTO disclosure_releases_of_all
    SELECT startup_profile_id, startup_revision, programme_id, counterpart_country, released_by,
        reason, valid_to, created_at
    FROM disclosure_releases WHERE matter = '*';
DROP TABLE disclosure_releases;
ALTER TABLE disclosure_releases_of_all RENAME TO disclosure_releases;
