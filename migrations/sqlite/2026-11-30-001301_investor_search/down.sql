DELETE FROM search_text WHERE rowid IN
    (SELECT place FROM search_entries WHERE kind = 'investor_profile');
DELETE FROM search_entries WHERE kind = 'investor_profile';
CREATE TABLE search_entries_new (
    place INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('startup_profile', 'mandate', 'organization')),
    record_id BLOB NOT NULL CHECK (length(record_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    folding INTEGER NOT NULL
) STRICT;
INSERT INTO search_entries_new (place, kind, record_id, organization_id, folding)
    SELECT place, kind, record_id, organization_id, folding FROM search_entries;
DROP TABLE search_entries;
ALTER TABLE search_entries_new RENAME TO search_entries;
CREATE UNIQUE INDEX search_entries_by_record ON search_entries (record_id);
CREATE INDEX search_entries_by_organization ON search_entries (organization_id, place);
