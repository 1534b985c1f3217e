-- When a person last looked at what was released to a firm.
CREATE TABLE match_visits (
    user_id BLOB NOT NULL REFERENCES users (id) CHECK (length(user_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, organization_id)
) STRICT;

-- Rankings as they were when somebody began to walk through them.
CREATE TABLE ranking_walks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ranking_walks_by_age ON ranking_walks (created_at);

CREATE TABLE ranking_walk_lines (
    walk_id BLOB NOT NULL REFERENCES ranking_walks (id) CHECK (length(walk_id) = 16),
    place INTEGER NOT NULL,
    explanation TEXT NOT NULL,
    PRIMARY KEY (walk_id, place)
) STRICT;
