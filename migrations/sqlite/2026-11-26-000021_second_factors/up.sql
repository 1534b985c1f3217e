-- Time-based codes (RFC 6238): the shared secret, sealed, and the last step
-- whose code was taken, so that none is taken twice. Recovery codes are kept
-- as hashes.

CREATE TABLE second_factors (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) CHECK (length(user_id) = 16),
    sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    confirmed_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) CHECK (length(user_id) = 16),
    hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT;
