-- What investors say of themselves, revision by revision; a firm has one.
CREATE TABLE investor_profiles (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL UNIQUE REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    status TEXT NOT NULL,
    claimed INTEGER NOT NULL CHECK (claimed IN (0, 1)),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    kind TEXT NULL,
    residence TEXT NULL,
    assets TEXT NULL,
    accreditation TEXT NOT NULL,
    published_at INTEGER NULL,
    reconfirm_by TEXT NULL,
    rejected_at INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX investor_profiles_by_creation ON investor_profiles (created_at, id);
CREATE INDEX investor_profiles_by_change ON investor_profiles (updated_at, id);
CREATE INDEX investor_profiles_by_confirmation ON investor_profiles (status, reconfirm_by);

CREATE TABLE investor_profile_revisions (
    profile_id BLOB NOT NULL REFERENCES investor_profiles (id) CHECK (length(profile_id) = 16),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (profile_id, revision)
) STRICT;

CREATE TABLE investor_comments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    profile_id BLOB NOT NULL REFERENCES investor_profiles (id) CHECK (length(profile_id) = 16),
    revision INTEGER NOT NULL,
    pointer TEXT NOT NULL,
    comment TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX investor_comments_by_profile ON investor_comments (profile_id, created_at);
