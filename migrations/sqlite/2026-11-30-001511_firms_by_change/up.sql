-- A page of firms by when they changed begins after a time and an id, and is
-- sought by both.
DROP INDEX organizations_by_change;
CREATE INDEX organizations_by_change ON organizations (updated_at, id);
