DROP INDEX introductions_by_partner;
ALTER TABLE introductions DROP COLUMN partner_id;
