DROP INDEX organizations_by_change;
CREATE INDEX organizations_by_change ON organizations (updated_at);
