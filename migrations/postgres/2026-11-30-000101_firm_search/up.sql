-- Firms are found by their names as well; those that were there before are
-- indexed when the service starts.
ALTER TABLE search_entries DROP CONSTRAINT search_entries_kind_check;
ALTER TABLE search_entries ADD CONSTRAINT search_entries_kind_check
    CHECK (kind IN ('startup_profile', 'mandate', 'organization'));
