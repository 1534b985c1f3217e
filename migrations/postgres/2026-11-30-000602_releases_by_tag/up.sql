-- A decision of compliance is about a tag and how gravely that was graded then:
-- it doesn't stand for another tag, or for a graver grade, later. What was
-- decided before is about everything ('*') in that revision, as gravely as so
-- many people could decide.
ALTER TABLE disclosure_releases ADD COLUMN matter text NOT NULL DEFAULT '*';
ALTER TABLE disclosure_releases ALTER COLUMN matter DROP DEFAULT;
ALTER TABLE disclosure_releases ADD COLUMN sensitivity text NOT NULL DEFAULT 'review'
    CHECK (sensitivity IN ('review', 'restricted'));
UPDATE disclosure_releases AS own SET sensitivity = 'restricted'
    WHERE (
        SELECT count(*) FROM disclosure_releases AS other
        WHERE other.startup_profile_id = own.startup_profile_id
            AND other.startup_revision = own.startup_revision
            AND other.programme_id = own.programme_id
            AND other.counterpart_country = own.counterpart_country
    ) > 1;
ALTER TABLE disclosure_releases ALTER COLUMN sensitivity DROP DEFAULT;
ALTER TABLE disclosure_releases DROP CONSTRAINT disclosure_releases_pkey;
ALTER TABLE disclosure_releases ADD PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by, matter);
