-- Documents of startup profiles. Whose one is follows from its profile, which
-- may move to another firm. The bytes lie in the documents' folder under their
-- SHA-256; a row is written only after its file.
CREATE TABLE documents (
    id uuid NOT NULL PRIMARY KEY,
    startup_profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    class text NOT NULL,
    title text NOT NULL,
    language text NOT NULL,
    level text NOT NULL,
    state text NOT NULL,
    current bigint NOT NULL CHECK (current >= 1),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX documents_by_profile ON documents (startup_profile_id, created_at, id);
CREATE INDEX documents_by_age ON documents (created_at, id);
CREATE INDEX documents_by_state ON documents (state, created_at, id);

CREATE TABLE document_versions (
    document_id uuid NOT NULL REFERENCES documents (id),
    number bigint NOT NULL CHECK (number >= 1),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    bytes bigint NOT NULL CHECK (bytes >= 1),
    kind text NOT NULL,
    file_name text NOT NULL,
    uploaded_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    erased_at timestamptz NULL,
    PRIMARY KEY (document_id, number)
);
CREATE INDEX document_versions_by_digest ON document_versions (digest);

-- Who of another firm opened which version, by way of which introduction.
CREATE TABLE document_views (
    id uuid NOT NULL PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES documents (id),
    number bigint NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    introduction_id uuid NULL REFERENCES introductions (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX document_views_by_document ON document_views (document_id, created_at, id);

-- How far a profile's documents are open: to the counterpart of an
-- introduction, or, without one, to everybody who is introduced.
CREATE TABLE document_grants (
    id uuid NOT NULL PRIMARY KEY,
    startup_profile_id uuid NOT NULL REFERENCES startup_profiles (id),
    introduction_id uuid NULL REFERENCES introductions (id),
    level text NOT NULL,
    granted_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz NULL
);
CREATE INDEX document_grants_by_profile ON document_grants (startup_profile_id, created_at, id);
CREATE UNIQUE INDEX document_grants_one_default ON document_grants (startup_profile_id) WHERE introduction_id IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX document_grants_one_live ON document_grants (introduction_id) WHERE revoked_at IS NULL;
