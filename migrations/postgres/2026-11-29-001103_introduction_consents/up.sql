-- What people agreed to with their yes to an introduction, as the law wants it
-- listed. Values about persons stand here alone.
CREATE TABLE introduction_consents (
    id uuid NOT NULL PRIMARY KEY,
    introduction_id uuid NOT NULL REFERENCES introductions (id),
    side text NOT NULL CHECK (side IN ('startup', 'investor')),
    user_id uuid REFERENCES users (id),
    email_key text NOT NULL,
    person_name text NOT NULL,
    person_role text,
    operator text NOT NULL,
    law text NOT NULL,
    text text NOT NULL,
    text_hash bytea NOT NULL,
    language text NOT NULL,
    method text NOT NULL CHECK (method IN ('request', 'mailed_link', 'signed_in')),
    country text,
    given_at timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX introduction_consents_by_introduction ON introduction_consents (introduction_id, given_at);
CREATE INDEX introduction_consents_by_address ON introduction_consents (email_key);
CREATE INDEX introduction_consents_by_user ON introduction_consents (user_id);
CREATE INDEX consent_receipts_by_user ON consent_receipts (user_id, given_at);
