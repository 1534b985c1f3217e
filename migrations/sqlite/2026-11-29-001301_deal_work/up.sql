-- What people note and have to do about a deal, what is planned for it, and
-- until when it may stand where it stands.
ALTER TABLE deal_notes ADD COLUMN visibility TEXT NOT NULL DEFAULT 'team';
ALTER TABLE deal_notes ADD COLUMN camp TEXT NOT NULL DEFAULT 'operator';

CREATE TABLE deal_tasks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    deal_id BLOB NOT NULL REFERENCES deals (id) CHECK (length(deal_id) = 16),
    title TEXT NOT NULL,
    due TEXT NOT NULL,
    assignee TEXT NOT NULL,
    person_id BLOB NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    visibility TEXT NOT NULL,
    camp TEXT NOT NULL,
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    status TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deal_tasks_by_deal ON deal_tasks (deal_id, created_at, id);
CREATE INDEX deal_tasks_due ON deal_tasks (status, due, id);

CREATE TABLE deal_plans (
    deal_id BLOB NOT NULL PRIMARY KEY REFERENCES deals (id) CHECK (length(deal_id) = 16),
    next_step TEXT NULL,
    expected_close TEXT NULL,
    probability INTEGER NULL CHECK (probability >= 0 AND probability <= 10000),
    reason TEXT NULL
) STRICT;

CREATE TABLE deal_clocks (
    deal_id BLOB NOT NULL PRIMARY KEY REFERENCES deals (id) CHECK (length(deal_id) = 16),
    counted_from INTEGER NOT NULL,
    days INTEGER NOT NULL,
    turn TEXT NOT NULL,
    stale_at INTEGER NULL,
    told_at INTEGER NULL
) STRICT;
CREATE INDEX deal_clocks_due ON deal_clocks (told_at, stale_at, deal_id);
