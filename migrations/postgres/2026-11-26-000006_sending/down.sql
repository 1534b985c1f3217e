ALTER TABLE outbox DROP COLUMN sending_since;
