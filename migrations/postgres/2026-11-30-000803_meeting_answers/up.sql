-- What each side's calendar answered to the invitation last.
CREATE TABLE introduction_meeting_answers (
    introduction_id uuid NOT NULL REFERENCES introductions (id),
    side text NOT NULL CHECK (side IN ('startup', 'investor')),
    sequence integer NOT NULL CHECK (sequence >= 0),
    answer text NOT NULL CHECK (answer IN ('accepted', 'tentative', 'declined', 'countered')),
    written_at timestamptz NOT NULL,
    starts_at timestamptz NULL,
    minutes integer NULL CHECK (minutes > 0),
    read_at timestamptz NOT NULL,
    PRIMARY KEY (introduction_id, side)
);

-- What comes back can be such an answer.
ALTER TABLE mail_bounces DROP CONSTRAINT mail_bounces_outcome_check;
ALTER TABLE mail_bounces ADD CONSTRAINT mail_bounces_outcome_check
    CHECK (outcome IN ('suppressed', 'counted', 'noted', 'ignored', 'unknown', 'forged', 'answered'));
