-- Opened by a link that was mailed to the firm, by whoever followed it: mail
-- scanners do, too, so that it says nothing of a person.
ALTER TABLE disclosures ADD COLUMN by_link BOOLEAN NOT NULL DEFAULT FALSE;
