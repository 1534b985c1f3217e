ALTER TABLE deal_participants DROP COLUMN allocated;
ALTER TABLE deal_participants DROP COLUMN closing;
DROP TABLE deal_closings;
