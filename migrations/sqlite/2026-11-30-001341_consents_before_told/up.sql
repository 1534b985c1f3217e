-- How often the people of a firm that goes on as before were told so: at the
-- start, 30 and 7 days before the end.
ALTER TABLE consents_before ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
