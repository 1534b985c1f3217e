-- Words of practices and programmes that compliance reads before anybody of
-- another firm does, each under the place that it is for.
CREATE TABLE held_texts (
    id UUID NOT NULL PRIMARY KEY,
    programme_id UUID NOT NULL REFERENCES programmes (id),
    practice_id UUID NULL REFERENCES practices (id),
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    organization_id UUID NULL REFERENCES organizations (id),
    author_id UUID NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'cleared', 'refused')),
    first_cleared_by UUID NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX held_texts_waiting ON held_texts (created_at, id) WHERE state = 'waiting';
CREATE INDEX held_texts_of_programme ON held_texts (programme_id, practice_id, place);
CREATE INDEX held_texts_of_practice ON held_texts (practice_id) WHERE practice_id IS NOT NULL;
