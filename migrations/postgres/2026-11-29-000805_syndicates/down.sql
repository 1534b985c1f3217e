DROP TABLE deal_seconds;
DROP INDEX deals_by_pipeline;
DROP TABLE deal_locks;
DROP TABLE deal_participants;
DROP TABLE deal_rounds;
