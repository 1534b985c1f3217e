ALTER TABLE commitment_watch DROP COLUMN told_since;
ALTER TABLE commitment_watch DROP COLUMN told_health;
