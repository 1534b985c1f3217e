-- What people note and have to do about a deal, what is planned for it, and
-- until when it may stand where it stands.
ALTER TABLE deal_notes ADD COLUMN visibility TEXT NOT NULL DEFAULT 'team';
ALTER TABLE deal_notes ADD COLUMN camp TEXT NOT NULL DEFAULT 'operator';

CREATE TABLE deal_tasks (
    id UUID NOT NULL PRIMARY KEY,
    deal_id UUID NOT NULL REFERENCES deals (id),
    title TEXT NOT NULL,
    due DATE NOT NULL,
    assignee TEXT NOT NULL,
    person_id UUID NULL REFERENCES users (id),
    visibility TEXT NOT NULL,
    camp TEXT NOT NULL,
    author_id UUID NOT NULL REFERENCES users (id),
    status TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX deal_tasks_by_deal ON deal_tasks (deal_id, created_at, id);
CREATE INDEX deal_tasks_due ON deal_tasks (status, due, id);

CREATE TABLE deal_plans (
    deal_id UUID NOT NULL PRIMARY KEY REFERENCES deals (id),
    next_step TEXT NULL,
    expected_close DATE NULL,
    probability BIGINT NULL CHECK (probability >= 0 AND probability <= 10000),
    reason TEXT NULL
);

CREATE TABLE deal_clocks (
    deal_id UUID NOT NULL PRIMARY KEY REFERENCES deals (id),
    counted_from TIMESTAMPTZ NOT NULL,
    days BIGINT NOT NULL,
    turn TEXT NOT NULL,
    stale_at TIMESTAMPTZ NULL,
    told_at TIMESTAMPTZ NULL
);
CREATE INDEX deal_clocks_due ON deal_clocks (told_at, stale_at, deal_id);
