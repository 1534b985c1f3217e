-- Releases of many matches: what was looked at, line by line, and what came of
-- it once it was confirmed.
CREATE TABLE bulk_releases (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    audience TEXT NOT NULL CHECK (audience IN ('startup', 'investor', 'both')),
    status TEXT NOT NULL CHECK (status IN ('previewed', 'running', 'done', 'cancelled')),
    requested_by BLOB NOT NULL REFERENCES users (id) CHECK (length(requested_by) = 16),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bulk_releases_by_programme ON bulk_releases (programme_id, created_at, id);
CREATE INDEX bulk_releases_running ON bulk_releases (status, updated_at);

CREATE TABLE bulk_release_lines (
    release_id BLOB NOT NULL REFERENCES bulk_releases (id) CHECK (length(release_id) = 16),
    place INTEGER NOT NULL,
    match_id BLOB NOT NULL REFERENCES matches (id) CHECK (length(match_id) = 16),
    match_version INTEGER NOT NULL,
    skip TEXT NULL CHECK (skip IN ('gate', 'vetoed', 'state', 'shown', 'capacity', 'exposure', 'changed')),
    rules TEXT NULL,
    outcome TEXT NULL CHECK (outcome IN ('released', 'skipped')),
    outcome_reason TEXT NULL CHECK (outcome_reason IN ('gate', 'vetoed', 'state', 'shown', 'capacity', 'exposure', 'changed')),
    PRIMARY KEY (release_id, place)
) STRICT;

-- How a programme releases by itself, and how evenly it shows its startups.
CREATE TABLE release_settings (
    programme_id BLOB NOT NULL PRIMARY KEY REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    auto_from TEXT NULL CHECK (auto_from IN ('strong', 'good', 'possible', 'weak')),
    auto_to TEXT NULL CHECK (auto_to IN ('startup', 'investor', 'both')),
    fair INTEGER NOT NULL CHECK (fair IN (0, 1)),
    cap INTEGER NOT NULL CHECK (cap >= 1),
    window_days INTEGER NOT NULL CHECK (window_days >= 1),
    share INTEGER NOT NULL CHECK (share >= 0 AND share <= 10000),
    little INTEGER NOT NULL CHECK (little >= 0),
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((auto_from IS NULL) = (auto_to IS NULL))
) STRICT;
