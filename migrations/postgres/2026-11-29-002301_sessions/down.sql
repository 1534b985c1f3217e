DROP INDEX introduction_asks_by_person;
DELETE FROM mail_bounces WHERE source = 'session';
ALTER TABLE mail_bounces DROP CONSTRAINT mail_bounces_source_check;
ALTER TABLE mail_bounces ADD CONSTRAINT mail_bounces_source_check
    CHECK (source IN ('mailbox', 'provider'));
ALTER TABLE outbox DROP COLUMN first_tried_at;
ALTER TABLE outbox DROP COLUMN doubts;
