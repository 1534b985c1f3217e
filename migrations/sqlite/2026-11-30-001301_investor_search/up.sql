-- What investors say of themselves is found by its words as well, and every
-- record stands in an order of names: by the bytes of a folded name, so that
-- both back-ends have the same one. Records that were there before are indexed,
-- and named, when the service starts. SQLite changes no CHECK in place.
CREATE TABLE search_entries_new (
    place INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('startup_profile', 'mandate', 'investor_profile', 'organization')),
    record_id BLOB NOT NULL CHECK (length(record_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    folding INTEGER NOT NULL,
    sort_name TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO search_entries_new (place, kind, record_id, organization_id, folding)
    SELECT place, kind, record_id, organization_id, folding FROM search_entries;
DROP TABLE search_entries;
ALTER TABLE search_entries_new RENAME TO search_entries;
CREATE UNIQUE INDEX search_entries_by_record ON search_entries (record_id);
CREATE INDEX search_entries_by_organization ON search_entries (organization_id, place);
CREATE INDEX search_entries_by_name ON search_entries (kind, sort_name, record_id);
