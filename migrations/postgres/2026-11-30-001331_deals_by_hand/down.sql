ALTER TABLE deals DROP COLUMN opened_evidence;
ALTER TABLE deals DROP COLUMN opened_reason;
ALTER TABLE deals DROP COLUMN opened_by_id;
ALTER TABLE deals ALTER COLUMN introduction_id SET NOT NULL;
ALTER TABLE deals ALTER COLUMN match_id SET NOT NULL;
