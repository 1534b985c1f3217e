-- The day on which an investor's money arrived. Of what was paid before, the day
-- on which the last of the two said so.
ALTER TABLE deal_participants ADD COLUMN value_date DATE NULL;
UPDATE deal_participants SET value_date = (updated_at AT TIME ZONE 'UTC')::date WHERE interest = 'funded';
