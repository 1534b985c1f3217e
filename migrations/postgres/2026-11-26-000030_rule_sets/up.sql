-- The rule sets that programmes drafted themselves, and where each stands. One
-- without a line here came with the service. What such a rule set says may
-- change while it is a draft; its hash in rule_sets is salted with its id, so
-- that two drafts may say the same.
CREATE TABLE programme_rule_sets (
    rule_set_id uuid NOT NULL PRIMARY KEY REFERENCES rule_sets (id),
    programme_id uuid NOT NULL REFERENCES programmes (id),
    status text NOT NULL CHECK (status IN ('draft', 'published', 'retired')),
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX programme_rule_sets_published ON programme_rule_sets (programme_id) WHERE status = 'published';

-- What publishing would have changed, once for each time somebody asked.
CREATE TABLE rule_set_simulations (
    id uuid NOT NULL PRIMARY KEY,
    rule_set_id uuid NOT NULL REFERENCES rule_sets (id),
    rule_set_version bigint NOT NULL,
    against_id uuid NOT NULL REFERENCES rule_sets (id),
    document text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX rule_set_simulations_latest ON rule_set_simulations (rule_set_id, created_at, id);
