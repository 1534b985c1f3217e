ALTER TABLE deal_participants DROP COLUMN value_date;
