-- What has to be sent. A claimed row is a pending one with a holder whose
-- lease ends at `available_at`. Intent keys compare by bytes, as on SQLite,
-- so that a prefix is a range of the unique index.
CREATE TABLE outbox (
    id UUID NOT NULL PRIMARY KEY,
    intent_key TEXT COLLATE "C" NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    payload TEXT NOT NULL,
    message_id TEXT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead', 'cancelled')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    available_at TIMESTAMPTZ NOT NULL,
    holder UUID NULL,
    last_error TEXT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NULL,
    CHECK (state = 'pending' OR holder IS NULL),
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
CREATE INDEX outbox_due ON outbox (available_at) WHERE state = 'pending';
CREATE INDEX outbox_listed ON outbox (state, created_at, id);
CREATE INDEX outbox_subject ON outbox (subject_kind, subject_id);
