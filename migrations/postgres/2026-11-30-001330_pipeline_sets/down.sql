DROP INDEX deals_by_pipeline_set;
ALTER TABLE deals DROP COLUMN pipeline_set_id;
DROP TABLE pipeline_sets;
