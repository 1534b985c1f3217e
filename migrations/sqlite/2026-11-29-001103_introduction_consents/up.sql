-- What people agreed to with their yes to an introduction, as the law wants it
-- listed. Values about persons stand here alone.
CREATE TABLE introduction_consents (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    user_id BLOB REFERENCES users (id) CHECK (length(user_id) = 16),
    email_key TEXT NOT NULL,
    person_name TEXT NOT NULL,
    person_role TEXT,
    operator TEXT NOT NULL,
    law TEXT NOT NULL,
    text TEXT NOT NULL,
    text_hash BLOB NOT NULL,
    language TEXT NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('request', 'mailed_link', 'signed_in')),
    country TEXT,
    given_at INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX introduction_consents_by_introduction ON introduction_consents (introduction_id, given_at);
CREATE INDEX introduction_consents_by_address ON introduction_consents (email_key);
CREATE INDEX introduction_consents_by_user ON introduction_consents (user_id);
CREATE INDEX consent_receipts_by_user ON consent_receipts (user_id, given_at);
