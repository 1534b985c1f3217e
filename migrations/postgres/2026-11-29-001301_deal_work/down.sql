DROP TABLE deal_clocks;
DROP TABLE deal_plans;
DROP TABLE deal_tasks;
ALTER TABLE deal_notes DROP COLUMN camp;
ALTER TABLE deal_notes DROP COLUMN visibility;
