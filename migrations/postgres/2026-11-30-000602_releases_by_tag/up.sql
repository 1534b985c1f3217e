-- A decision of compliance is about a tag and how gravely that was graded then:
-- it doesn't stand for another tag, or for a graver grade, later. What was
-- decided before is about everything ('*') in that revision.
ALTER TABLE disclosure_releases ADD COLUMN matter text NOT NULL DEFAULT '*';
ALTER TABLE disclosure_releases ALTER COLUMN matter DROP DEFAULT;
ALTER TABLE disclosure_releases ADD COLUMN sensitivity text NOT NULL DEFAULT 'restricted'
    CHECK (sensitivity IN ('review', 'restricted'));
ALTER TABLE disclosure_releases ALTER COLUMN sensitivity DROP DEFAULT;
ALTER TABLE disclosure_releases DROP CONSTRAINT disclosure_releases_pkey;
ALTER TABLE disclosure_releases ADD PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by, matter);
