-- Why evidence without a commitment was taken back, in words.
ALTER TABLE programme_evidence ADD COLUMN withdrawn_for TEXT NULL;
