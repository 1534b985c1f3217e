ALTER TABLE users DROP COLUMN disabled_at;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
