-- Papers of a deal, each for those who learn of it. The bytes lie in the
-- documents' folder under their SHA-256; a row is written only after its file.
CREATE TABLE deal_documents (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    class TEXT NOT NULL,
    title TEXT NOT NULL,
    visibility TEXT NOT NULL,
    camp TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    bytes INTEGER NOT NULL CHECK (bytes >= 1),
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    erased_at INTEGER NULL
) STRICT;
CREATE INDEX deal_documents_by_deal ON deal_documents (deal_id, created_at, id);
CREATE INDEX deal_documents_by_digest ON deal_documents (digest);
