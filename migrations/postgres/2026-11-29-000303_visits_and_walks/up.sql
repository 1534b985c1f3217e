-- When a person last looked at what was released to a firm.
CREATE TABLE match_visits (
    user_id uuid NOT NULL REFERENCES users (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

-- Rankings as they were when somebody began to walk through them.
CREATE TABLE ranking_walks (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX ranking_walks_by_age ON ranking_walks (created_at);

CREATE TABLE ranking_walk_lines (
    walk_id uuid NOT NULL REFERENCES ranking_walks (id),
    place bigint NOT NULL,
    explanation text NOT NULL,
    PRIMARY KEY (walk_id, place)
);
