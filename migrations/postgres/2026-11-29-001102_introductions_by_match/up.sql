-- Which introductions came of a match: asked when its brief is read.
CREATE INDEX introductions_by_match ON introductions (match_id);
