ALTER TABLE programme_evidence DROP COLUMN withdrawn_for;
