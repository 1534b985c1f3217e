-- When a reader was told of a match by the digest that they got last with it in
-- it: what did not fit comes with the next.
CREATE TABLE digest_told (
    match_id BLOB NOT NULL REFERENCES matches (id) CHECK (length(match_id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id) CHECK (length(user_id) = 16),
    told_at INTEGER NOT NULL,
    PRIMARY KEY (match_id, user_id)
) STRICT;
CREATE INDEX digest_told_by_age ON digest_told (told_at);

-- What earlier digests told is on no record: they told all that came before.
INSERT INTO mail_rounds (name, done_to)
    SELECT 'digests_untold', done_to FROM mail_rounds WHERE name = 'digests';
