-- FTS5 tells the columns of a record apart by itself: its words stay as they are.
UPDATE search_entries SET folding = 6 WHERE folding = 5;
