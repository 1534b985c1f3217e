DROP TABLE programme_reasons;
