-- The day on which an investor's money arrived. Of what was paid before, the day
-- on which the last of the two said so.
ALTER TABLE deal_participants ADD COLUMN value_date TEXT NULL;
UPDATE deal_participants SET value_date = date(updated_at / 1000000, 'unixepoch') WHERE interest = 'funded';
