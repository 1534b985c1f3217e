-- How often a message may have gone out without the server's word for it, and
-- when it was first tried, which is what it is dated.
ALTER TABLE outbox ADD COLUMN doubts integer NOT NULL DEFAULT 0 CHECK (doubts >= 0);
ALTER TABLE outbox ADD COLUMN first_tried_at timestamptz NULL;
UPDATE outbox SET first_tried_at = created_at WHERE attempts > 0;

-- A server that refuses an address while it is spoken to says the same as a
-- notice that comes back.
ALTER TABLE mail_bounces DROP CONSTRAINT mail_bounces_source_check;
ALTER TABLE mail_bounces ADD CONSTRAINT mail_bounces_source_check
    CHECK (source IN ('mailbox', 'provider', 'session'));

-- Who is asked something, and what is still open.
CREATE INDEX introduction_asks_by_person ON introduction_asks (person_id, introduction_id);
