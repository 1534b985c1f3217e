ALTER TABLE outbox DROP COLUMN unserved_domain;
