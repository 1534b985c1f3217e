-- Since when and until when a mandate is in force by its own words, of its present
-- revision: lists are narrowed down by it.
ALTER TABLE mandates ADD COLUMN active_from date;
ALTER TABLE mandates ADD COLUMN active_to date;
UPDATE mandates SET
    active_from = (content::jsonb ->> 'active_from')::date,
    active_to = (content::jsonb ->> 'active_to')::date
WHERE content::jsonb ->> 'active_from' IS NOT NULL
   OR content::jsonb ->> 'active_to' IS NOT NULL;
