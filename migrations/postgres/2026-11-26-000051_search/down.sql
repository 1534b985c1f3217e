DROP INDEX mandates_by_change;
DROP INDEX startup_profiles_by_change;
DROP TABLE search_text;
DROP TABLE search_entries;
