DROP INDEX practices_by_status;
