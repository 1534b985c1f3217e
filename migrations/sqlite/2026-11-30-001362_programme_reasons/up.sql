-- Why a programme was declined, suspended or terminated, from which state, and
-- who said so.
CREATE TABLE programme_reasons (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    version INTEGER NOT NULL,
    action TEXT NOT NULL,
    from_status TEXT NOT NULL,
    reason TEXT NOT NULL,
    person_id BLOB NOT NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (programme_id, version)
) STRICT;
