DROP INDEX outbox_unserved;
ALTER TABLE outbox DROP COLUMN unserved_since;
