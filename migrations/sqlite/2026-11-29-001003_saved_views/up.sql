-- What somebody looks at again and again: a list with its parameters, for
-- themselves or for all of their organization.
CREATE TABLE saved_views (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner_id BLOB NOT NULL REFERENCES users (id) CHECK (length(owner_id) = 16),
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    name TEXT NOT NULL,
    list TEXT NOT NULL,
    query TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX saved_views_by_owner ON saved_views (owner_id, created_at);
CREATE INDEX saved_views_by_organization ON saved_views (organization_id, created_at);
