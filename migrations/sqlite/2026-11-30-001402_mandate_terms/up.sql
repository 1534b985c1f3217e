-- Since when and until when a mandate is in force by its own words, of its present
-- revision: lists are narrowed down by it.
ALTER TABLE mandates ADD COLUMN active_from TEXT;
ALTER TABLE mandates ADD COLUMN active_to TEXT;
UPDATE mandates SET
    active_from = json_extract(content, '$.active_from'),
    active_to = json_extract(content, '$.active_to')
WHERE json_extract(content, '$.active_from') IS NOT NULL
   OR json_extract(content, '$.active_to') IS NOT NULL;
