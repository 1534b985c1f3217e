-- Two records of one partner are duplicates as well.
ALTER TABLE duplicates DROP CONSTRAINT duplicates_kind_check;
ALTER TABLE duplicates ADD CONSTRAINT duplicates_kind_check CHECK (kind IN ('startup', 'investor', 'partner'));
