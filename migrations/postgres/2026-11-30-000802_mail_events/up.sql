-- What the reader of an address doesn't want of a topic that they else want; a
-- topic that they don't want stands in mail_opt_outs, as before.
CREATE TABLE mail_event_opt_outs (
    email_key text NOT NULL,
    event text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (email_key, event)
);
