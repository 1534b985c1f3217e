DROP TABLE mail_bounces;
ALTER TABLE outbox DROP COLUMN bounced_at;
DROP TABLE mail_recipients;
