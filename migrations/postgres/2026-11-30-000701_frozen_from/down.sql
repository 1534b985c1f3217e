ALTER TABLE introductions DROP COLUMN frozen_from;
