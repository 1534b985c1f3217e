DROP INDEX deals_by_programme;
DROP INDEX introductions_by_programme;
DROP TABLE commitment_watch;
