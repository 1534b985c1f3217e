-- A freeze may cover everything, begin later and end by itself. The clock notes
-- when it began and ended, which is how every node hears of it.
ALTER TABLE freezes DROP CONSTRAINT freezes_scope_check;
ALTER TABLE freezes ADD CONSTRAINT freezes_scope_check
    CHECK (scope IN ('all', 'country', 'tag', 'organization', 'programme'));
ALTER TABLE freezes ADD COLUMN starts_at timestamptz NULL;
UPDATE freezes SET starts_at = created_at;
ALTER TABLE freezes ALTER COLUMN starts_at SET NOT NULL;
ALTER TABLE freezes ADD COLUMN ends_at timestamptz NULL;
ALTER TABLE freezes ADD COLUMN began_at timestamptz NULL;
UPDATE freezes SET began_at = created_at;
ALTER TABLE freezes ADD COLUMN ended_at timestamptz NULL;
-- Why each of the two people lifted it; absent of those from before.
ALTER TABLE freezes ADD COLUMN first_lift_reason text NULL;
ALTER TABLE freezes ADD COLUMN lift_reason text NULL;
