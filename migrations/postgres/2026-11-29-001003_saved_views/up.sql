-- What somebody looks at again and again: a list with its parameters, for
-- themselves or for all of their organization.
CREATE TABLE saved_views (
    id UUID NOT NULL PRIMARY KEY,
    owner_id UUID NOT NULL REFERENCES users (id),
    organization_id UUID NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    list TEXT NOT NULL,
    query TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX saved_views_by_owner ON saved_views (owner_id, created_at);
CREATE INDEX saved_views_by_organization ON saved_views (organization_id, created_at);
