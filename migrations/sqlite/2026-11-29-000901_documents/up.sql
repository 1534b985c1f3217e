-- Documents of startup profiles. Whose one is follows from its profile, which
-- may move to another firm. The bytes lie in the documents' folder under their
-- SHA-256; a row is written only after its file.
CREATE TABLE documents (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    class TEXT NOT NULL,
    title TEXT NOT NULL,
    language TEXT NOT NULL,
    level TEXT NOT NULL,
    state TEXT NOT NULL,
    current INTEGER NOT NULL CHECK (current >= 1),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_by_profile ON documents (startup_profile_id, created_at, id);
CREATE INDEX documents_by_age ON documents (created_at, id);
CREATE INDEX documents_by_state ON documents (state, created_at, id);

CREATE TABLE document_versions (
    document_id BLOB NOT NULL REFERENCES documents (id) CHECK (length(document_id) = 16),
    number INTEGER NOT NULL CHECK (number >= 1),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    bytes INTEGER NOT NULL CHECK (bytes >= 1),
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    uploaded_by BLOB NOT NULL REFERENCES users (id) CHECK (length(uploaded_by) = 16),
    created_at INTEGER NOT NULL,
    erased_at INTEGER NULL,
    PRIMARY KEY (document_id, number)
) STRICT;
CREATE INDEX document_versions_by_digest ON document_versions (digest);

-- Who of another firm opened which version, by way of which introduction.
CREATE TABLE document_views (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    document_id BLOB NOT NULL REFERENCES documents (id) CHECK (length(document_id) = 16),
    number INTEGER NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    introduction_id BLOB NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX document_views_by_document ON document_views (document_id, created_at, id);

-- How far a profile's documents are open: to the counterpart of an
-- introduction, or, without one, to everybody who is introduced.
CREATE TABLE document_grants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    startup_profile_id BLOB NOT NULL REFERENCES startup_profiles (id) CHECK (length(startup_profile_id) = 16),
    introduction_id BLOB NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    level TEXT NOT NULL,
    granted_by BLOB NOT NULL REFERENCES users (id) CHECK (length(granted_by) = 16),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER NULL
) STRICT;
CREATE INDEX document_grants_by_profile ON document_grants (startup_profile_id, created_at, id);
CREATE UNIQUE INDEX document_grants_one_default ON document_grants (startup_profile_id) WHERE introduction_id IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX document_grants_one_live ON document_grants (introduction_id) WHERE revoked_at IS NULL;
