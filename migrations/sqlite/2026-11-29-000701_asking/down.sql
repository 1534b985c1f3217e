DROP TABLE ask_delegates;
DROP INDEX introduction_asks_to_remind;
ALTER TABLE introduction_asks DROP COLUMN reminders;
ALTER TABLE introduction_asks DROP COLUMN remind_at;
