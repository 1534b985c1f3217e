-- A decision of compliance is about a tag and how gravely that was graded then:
-- it doesn't stand for another tag, or for a graver grade, later. What was
-- decided before is about everything ('*') in that revision, as gravely as so
-- many people could decide.
CREATE TABLE disclosure_releases_by_matter (
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    startup_revision INTEGER NOT NULL,
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    counterpart_country TEXT NOT NULL,
    released_by BLOB NOT NULL REFERENCES users (id) CHECK (length(released_by) = 16),
    reason TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    matter TEXT NOT NULL,
    sensitivity TEXT NOT NULL CHECK (sensitivity IN ('review', 'restricted')),
    PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by, matter)
) STRICT;
INSERT INTO disclosure_releases_by_matter
    SELECT startup_profile_id, startup_revision, programme_id, counterpart_country, released_by,
        reason, valid_to, created_at, '*',
        CASE WHEN (
            SELECT count(*) FROM disclosure_releases AS other
            WHERE other.startup_profile_id = own.startup_profile_id
                AND other.startup_revision = own.startup_revision
                AND other.programme_id = own.programme_id
                AND other.counterpart_country = own.counterpart_country
        ) > 1 THEN 'restricted' ELSE 'review' END
    FROM disclosure_releases AS own;
DROP TABLE disclosure_releases;
ALTER TABLE disclosure_releases_by_matter RENAME TO disclosure_releases;
