-- Words of practices and programmes that compliance reads before anybody of
-- another firm does, each under the place that it is for.
CREATE TABLE held_texts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    practice_id BLOB NULL REFERENCES practices (id) CHECK (length(practice_id) = 16),
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'cleared', 'refused')),
    first_cleared_by BLOB NULL REFERENCES users (id) CHECK (length(first_cleared_by) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX held_texts_waiting ON held_texts (created_at, id) WHERE state = 'waiting';
CREATE INDEX held_texts_of_programme ON held_texts (programme_id, practice_id, place);
CREATE INDEX held_texts_of_practice ON held_texts (practice_id) WHERE practice_id IS NOT NULL;
