ALTER TABLE deal_rounds DROP COLUMN rates_digest;
ALTER TABLE deal_rounds DROP COLUMN rates_on;
ALTER TABLE deal_locks DROP COLUMN rates_digest;
ALTER TABLE deal_participants DROP COLUMN rates_digest;
DROP TABLE rate_days;
DROP TABLE rate_locks;
