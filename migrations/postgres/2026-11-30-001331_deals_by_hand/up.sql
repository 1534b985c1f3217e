-- A curator opens a deal of two sides that know each other already, and says
-- why: it came of no introduction.
ALTER TABLE deals ALTER COLUMN match_id DROP NOT NULL;
ALTER TABLE deals ALTER COLUMN introduction_id DROP NOT NULL;
ALTER TABLE deals ADD COLUMN opened_by_id UUID NULL REFERENCES users (id);
ALTER TABLE deals ADD COLUMN opened_reason TEXT NULL;
ALTER TABLE deals ADD COLUMN opened_evidence TEXT NULL;
