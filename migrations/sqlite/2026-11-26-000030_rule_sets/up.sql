-- The rule sets that programmes drafted themselves, and where each stands. One
-- without a line here came with the service. What such a rule set says may
-- change while it is a draft; its hash in rule_sets is salted with its id, so
-- that two drafts may say the same.
CREATE TABLE programme_rule_sets (
    rule_set_id BLOB NOT NULL PRIMARY KEY REFERENCES rule_sets (id) CHECK (length(rule_set_id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'retired')),
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX programme_rule_sets_published ON programme_rule_sets (programme_id) WHERE status = 'published';

-- What publishing would have changed, once for each time somebody asked.
CREATE TABLE rule_set_simulations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    rule_set_id BLOB NOT NULL REFERENCES rule_sets (id) CHECK (length(rule_set_id) = 16),
    rule_set_version INTEGER NOT NULL,
    against_id BLOB NOT NULL REFERENCES rule_sets (id) CHECK (length(against_id) = 16),
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rule_set_simulations_latest ON rule_set_simulations (rule_set_id, created_at, id);
