-- How each promise did by what its parties are told, beside how it did, so that
-- an owner hears of what falls behind by nothing that it may not know.
ALTER TABLE commitment_watch ADD COLUMN told_health TEXT NULL;
ALTER TABLE commitment_watch ADD COLUMN told_since TIMESTAMPTZ NULL;
