-- What has to be sent. A claimed row is a pending one with a holder whose
-- lease ends at `available_at`.
CREATE TABLE outbox (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    intent_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 16),
    payload TEXT NOT NULL,
    message_id TEXT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead', 'cancelled')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    available_at INTEGER NOT NULL,
    holder BLOB NULL CHECK (length(holder) = 16),
    last_error TEXT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER NULL,
    CHECK (state = 'pending' OR holder IS NULL),
    CHECK ((state = 'pending') = (finished_at IS NULL))
) STRICT;
CREATE INDEX outbox_due ON outbox (available_at) WHERE state = 'pending';
CREATE INDEX outbox_listed ON outbox (state, created_at, id);
CREATE INDEX outbox_subject ON outbox (subject_kind, subject_id);
