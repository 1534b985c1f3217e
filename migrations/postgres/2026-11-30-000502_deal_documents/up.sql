-- Papers of a deal, each for those who learn of it. The bytes lie in the
-- documents' folder under their SHA-256; a row is written only after its file.
CREATE TABLE deal_documents (
    id UUID NOT NULL PRIMARY KEY,
    deal_id UUID NOT NULL REFERENCES deals (id),
    class TEXT NOT NULL,
    title TEXT NOT NULL,
    visibility TEXT NOT NULL,
    camp TEXT NOT NULL,
    author_id UUID NOT NULL REFERENCES users (id),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    bytes BIGINT NOT NULL CHECK (bytes >= 1),
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    erased_at TIMESTAMPTZ NULL
);
CREATE INDEX deal_documents_by_deal ON deal_documents (deal_id, created_at, id);
CREATE INDEX deal_documents_by_digest ON deal_documents (digest);
