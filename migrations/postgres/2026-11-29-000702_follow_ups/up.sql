-- What is asked about an introduction after its mail went out: when the sides
-- were last heard of, and when they are asked next how it goes.
CREATE TABLE introduction_follow_ups (
    introduction_id uuid NOT NULL PRIMARY KEY REFERENCES introductions (id),
    sent_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    closed_at timestamptz,
    rounds integer NOT NULL,
    next_at timestamptz
);
CREATE INDEX introduction_follow_ups_due ON introduction_follow_ups (next_at);
CREATE INDEX introduction_follow_ups_silent ON introduction_follow_ups (heard_at) WHERE closed_at IS NULL;
INSERT INTO introduction_follow_ups (introduction_id, sent_at, heard_at, closed_at, rounds, next_at)
    SELECT id, updated_at, updated_at, NULL, 1, updated_at + interval '30 days' FROM introductions
    WHERE status IN ('sent', 'in_conversation', 'met');
INSERT INTO introduction_follow_ups (introduction_id, sent_at, heard_at, closed_at, rounds, next_at)
    SELECT id, updated_at, updated_at, updated_at, 0, updated_at + interval '183 days' FROM introductions
    WHERE status = 'closed';

CREATE TABLE introduction_pulses (
    id uuid NOT NULL PRIMARY KEY,
    introduction_id uuid NOT NULL REFERENCES introductions (id),
    side text NOT NULL CHECK (side IN ('startup', 'investor')),
    kind text NOT NULL CHECK (kind IN ('open', 'late')),
    expires_at timestamptz NOT NULL,
    answer text,
    answered_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX introduction_pulses_by_introduction ON introduction_pulses (introduction_id, created_at);
