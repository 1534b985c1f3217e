DROP TABLE record_names;
