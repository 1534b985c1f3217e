ALTER TABLE mandates DROP COLUMN active_to;
ALTER TABLE mandates DROP COLUMN active_from;
