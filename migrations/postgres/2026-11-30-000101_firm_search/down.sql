DELETE FROM search_text WHERE place IN
    (SELECT place FROM search_entries WHERE kind = 'organization');
DELETE FROM search_entries WHERE kind = 'organization';
ALTER TABLE search_entries DROP CONSTRAINT search_entries_kind_check;
ALTER TABLE search_entries ADD CONSTRAINT search_entries_kind_check
    CHECK (kind IN ('startup_profile', 'mandate'));
