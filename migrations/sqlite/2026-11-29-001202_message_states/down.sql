DROP INDEX mail_recipients_by_age;
DROP TABLE mail_copies;
ALTER TABLE outbox DROP COLUMN last_answer;
ALTER TABLE outbox DROP COLUMN hold;
