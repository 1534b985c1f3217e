-- Counts changes of the parts that a person plays, so that who they are can be
-- known from one narrow row instead of being joined together at each request.
ALTER TABLE users ADD COLUMN parts_version BIGINT NOT NULL DEFAULT 1;
