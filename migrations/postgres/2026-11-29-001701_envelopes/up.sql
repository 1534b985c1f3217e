-- A mail to several goes to each in an envelope of its own: what its return
-- path names, so that what comes back speaks of one address alone, and whether
-- its server took it, so that nobody gets it again because of another.
ALTER TABLE mail_recipients ADD COLUMN return_id uuid NULL;
ALTER TABLE mail_recipients ADD COLUMN outcome text NULL CHECK (outcome IN ('sent', 'refused'));
-- What went out before reached everybody it was for.
UPDATE mail_recipients SET outcome = 'sent' WHERE message_id IN (
    SELECT id FROM outbox WHERE state = 'done' AND bounced_at IS NULL AND subject_kind = 'introduction'
);
CREATE UNIQUE INDEX mail_recipients_by_return ON mail_recipients (return_id);

-- Whether whoever agreed wants a curator to get the mail that connects, too.
ALTER TABLE introduction_consents ADD COLUMN curator_copy boolean NOT NULL DEFAULT false;
