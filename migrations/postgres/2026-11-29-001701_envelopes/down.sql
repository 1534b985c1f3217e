ALTER TABLE introduction_consents DROP COLUMN curator_copy;
DROP INDEX mail_recipients_by_return;
ALTER TABLE mail_recipients DROP COLUMN outcome;
ALTER TABLE mail_recipients DROP COLUMN return_id;
