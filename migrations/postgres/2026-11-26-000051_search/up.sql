-- Which records are found by their words, and in what order they came. The
-- words themselves stand in `search_text`, by the same place. Records that were
-- there before are indexed when the service starts.
CREATE TABLE search_entries (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('startup_profile', 'mandate')),
    record_id uuid NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    folding integer NOT NULL
);
CREATE UNIQUE INDEX search_entries_by_record ON search_entries (record_id);
CREATE INDEX search_entries_by_organization ON search_entries (organization_id, place);

-- Words come folded; A names, B headline, C body, D facets.
CREATE TABLE search_text (
    place bigint PRIMARY KEY,
    document tsvector NOT NULL
);
CREATE INDEX search_text_by_word ON search_text USING gin (document);

CREATE INDEX startup_profiles_by_change ON startup_profiles (updated_at, id);
CREATE INDEX mandates_by_change ON mandates (updated_at, id);
