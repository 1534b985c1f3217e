-- Where the money of somebody politically exposed comes from, as compliance found
-- it: such a firm is cleared with that note and not without.
ALTER TABLE clearances ADD COLUMN source_of_funds TEXT NULL;
