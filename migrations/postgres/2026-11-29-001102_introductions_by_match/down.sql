DROP INDEX introductions_by_match;
