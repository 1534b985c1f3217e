DROP TABLE release_settings;
DROP TABLE bulk_release_lines;
DROP TABLE bulk_releases;
