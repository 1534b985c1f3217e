DROP INDEX deal_seconds_by_kind;
ALTER TABLE deal_seconds DROP COLUMN camp;
ALTER TABLE deal_seconds DROP COLUMN payer_id;
ALTER TABLE deal_seconds DROP COLUMN kind;
