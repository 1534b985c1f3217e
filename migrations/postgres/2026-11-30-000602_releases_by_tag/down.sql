-- What was decided about one tag can't stand for all: only the older decisions
-- stay.
DELETE FROM disclosure_releases WHERE matter <> '*';
ALTER TABLE disclosure_releases DROP CONSTRAINT disclosure_releases_pkey;
ALTER TABLE disclosure_releases DROP COLUMN sensitivity;
ALTER TABLE disclosure_releases DROP COLUMN matter;
ALTER TABLE disclosure_releases ADD PRIMARY KEY (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by);
