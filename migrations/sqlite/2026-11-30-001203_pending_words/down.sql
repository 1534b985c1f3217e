-- FTS5 has no such list.
SELECT 1;
