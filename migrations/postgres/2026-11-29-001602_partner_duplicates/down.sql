-- What was made of partners is forgotten; they stay as they are.
DELETE FROM merge_moves WHERE merge_id IN (SELECT m.id FROM organization_merges AS m JOIN duplicates AS d ON d.id = m.duplicate_id WHERE d.kind = 'partner');
DELETE FROM organization_merges WHERE duplicate_id IN (SELECT id FROM duplicates WHERE kind = 'partner');
DELETE FROM duplicates WHERE kind = 'partner';
ALTER TABLE duplicates DROP CONSTRAINT duplicates_kind_check;
ALTER TABLE duplicates ADD CONSTRAINT duplicates_kind_check CHECK (kind IN ('startup', 'investor'));
