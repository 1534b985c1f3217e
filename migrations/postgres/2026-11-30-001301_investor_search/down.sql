DELETE FROM search_text WHERE place IN
    (SELECT place FROM search_entries WHERE kind = 'investor_profile');
DELETE FROM search_entries WHERE kind = 'investor_profile';
DROP INDEX search_entries_by_name;
ALTER TABLE search_entries DROP COLUMN sort_name;
ALTER TABLE search_entries DROP CONSTRAINT search_entries_kind_check;
ALTER TABLE search_entries ADD CONSTRAINT search_entries_kind_check
    CHECK (kind IN ('startup_profile', 'mandate', 'organization'));
