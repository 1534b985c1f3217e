-- What covers everything, or is not in force, has no place in the older form.
DELETE FROM freezes
    WHERE scope = 'all' OR (lifted_at IS NULL AND (began_at IS NULL OR ended_at IS NOT NULL));
ALTER TABLE freezes DROP COLUMN lift_reason;
ALTER TABLE freezes DROP COLUMN first_lift_reason;
ALTER TABLE freezes DROP COLUMN ended_at;
ALTER TABLE freezes DROP COLUMN began_at;
ALTER TABLE freezes DROP COLUMN ends_at;
ALTER TABLE freezes DROP COLUMN starts_at;
ALTER TABLE freezes DROP CONSTRAINT freezes_scope_check;
ALTER TABLE freezes ADD CONSTRAINT freezes_scope_check
    CHECK (scope IN ('country', 'tag', 'organization', 'programme'));
