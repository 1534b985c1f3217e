UPDATE search_entries SET folding = 5 WHERE folding = 6;
