-- Releases of many matches: what was looked at, line by line, and what came of
-- it once it was confirmed.
CREATE TABLE bulk_releases (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    audience text NOT NULL CHECK (audience IN ('startup', 'investor', 'both')),
    status text NOT NULL CHECK (status IN ('previewed', 'running', 'done', 'cancelled')),
    requested_by uuid NOT NULL REFERENCES users (id),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX bulk_releases_by_programme ON bulk_releases (programme_id, created_at, id);
CREATE INDEX bulk_releases_running ON bulk_releases (status, updated_at);

CREATE TABLE bulk_release_lines (
    release_id uuid NOT NULL REFERENCES bulk_releases (id),
    place bigint NOT NULL,
    match_id uuid NOT NULL REFERENCES matches (id),
    match_version bigint NOT NULL,
    skip text NULL CHECK (skip IN ('gate', 'vetoed', 'state', 'shown', 'capacity', 'exposure', 'changed')),
    rules text NULL,
    outcome text NULL CHECK (outcome IN ('released', 'skipped')),
    outcome_reason text NULL CHECK (outcome_reason IN ('gate', 'vetoed', 'state', 'shown', 'capacity', 'exposure', 'changed')),
    PRIMARY KEY (release_id, place)
);

-- How a programme releases by itself, and how evenly it shows its startups.
CREATE TABLE release_settings (
    programme_id uuid NOT NULL PRIMARY KEY REFERENCES programmes (id),
    auto_from text NULL CHECK (auto_from IN ('strong', 'good', 'possible', 'weak')),
    auto_to text NULL CHECK (auto_to IN ('startup', 'investor', 'both')),
    fair boolean NOT NULL,
    cap bigint NOT NULL CHECK (cap >= 1),
    window_days bigint NOT NULL CHECK (window_days >= 1),
    share bigint NOT NULL CHECK (share >= 0 AND share <= 10000),
    little bigint NOT NULL CHECK (little >= 0),
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((auto_from IS NULL) = (auto_to IS NULL))
);
