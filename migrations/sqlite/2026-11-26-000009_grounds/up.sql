-- What a match was computed from beside the two revisions and the rules, so
-- that its explanation can be computed again to the byte. Matches from before
-- have none.
ALTER TABLE matches ADD COLUMN grounds TEXT NULL;

-- The tags as scores saw them, each version once.
CREATE TABLE taxonomies (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Shown and not answered by both, for the clock that ends them.
CREATE INDEX matches_unanswered ON matches (updated_at) WHERE status IN ('released', 'one_sided');
