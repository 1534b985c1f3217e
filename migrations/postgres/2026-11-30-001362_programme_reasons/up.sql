-- Why a programme was declined, suspended or terminated, from which state, and
-- who said so.
CREATE TABLE programme_reasons (
    programme_id UUID NOT NULL REFERENCES programmes (id),
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    from_status TEXT NOT NULL,
    reason TEXT NOT NULL,
    person_id UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (programme_id, version)
);
