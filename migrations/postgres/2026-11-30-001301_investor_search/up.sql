-- What investors say of themselves is found by its words as well, and every
-- record stands in an order of names: by the bytes of a folded name, so that
-- both back-ends have the same one. Records that were there before are indexed,
-- and named, when the service starts.
ALTER TABLE search_entries DROP CONSTRAINT search_entries_kind_check;
ALTER TABLE search_entries ADD CONSTRAINT search_entries_kind_check
    CHECK (kind IN ('startup_profile', 'mandate', 'investor_profile', 'organization'));
ALTER TABLE search_entries ADD COLUMN sort_name text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX search_entries_by_name ON search_entries (kind, sort_name, record_id);
