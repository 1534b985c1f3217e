DROP INDEX matches_unanswered;
DROP TABLE taxonomies;
ALTER TABLE matches DROP COLUMN grounds;
