-- What investors say of themselves, revision by revision; a firm has one.
CREATE TABLE investor_profiles (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL UNIQUE REFERENCES organizations (id),
    status TEXT NOT NULL,
    claimed BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    content TEXT NOT NULL,
    kind TEXT NULL,
    residence TEXT NULL,
    assets TEXT NULL,
    accreditation TEXT NOT NULL,
    published_at TIMESTAMPTZ NULL,
    reconfirm_by DATE NULL,
    rejected_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX investor_profiles_by_creation ON investor_profiles (created_at, id);
CREATE INDEX investor_profiles_by_change ON investor_profiles (updated_at, id);
CREATE INDEX investor_profiles_by_confirmation ON investor_profiles (status, reconfirm_by);

CREATE TABLE investor_profile_revisions (
    profile_id UUID NOT NULL REFERENCES investor_profiles (id),
    revision BIGINT NOT NULL,
    content TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (profile_id, revision)
);

CREATE TABLE investor_comments (
    id UUID NOT NULL PRIMARY KEY,
    profile_id UUID NOT NULL REFERENCES investor_profiles (id),
    revision BIGINT NOT NULL,
    pointer TEXT NOT NULL,
    comment TEXT NOT NULL,
    author_id UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX investor_comments_by_profile ON investor_comments (profile_id, created_at);
