-- What compliance's queue looks for in each page.
CREATE INDEX practices_by_status ON practices (status, updated_at, id);
