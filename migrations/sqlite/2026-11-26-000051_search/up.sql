-- Which records are found by their words, and in what order they came. The
-- words themselves stand in `search_text`, by the same place. Records that were
-- there before are indexed when the service starts.
CREATE TABLE search_entries (
    place INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('startup_profile', 'mandate')),
    record_id BLOB NOT NULL CHECK (length(record_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    folding INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX search_entries_by_record ON search_entries (record_id);
CREATE INDEX search_entries_by_organization ON search_entries (organization_id, place);

-- Words come folded, with spaces between: whatever is not ASCII is a letter.
CREATE VIRTUAL TABLE search_text USING fts5 (
    names, headline, body, facets,
    content = '', contentless_delete = 1, detail = 'column', prefix = '2 3',
    tokenize = "ascii tokenchars '_-'"
);

CREATE INDEX startup_profiles_by_change ON startup_profiles (updated_at, id);
CREATE INDEX mandates_by_change ON mandates (updated_at, id);
