-- By which ids the files that profiles and mandates were imported from know
-- them: a firm has several, and an id of its own.
CREATE TABLE record_names (
    record_id UUID NOT NULL PRIMARY KEY,
    external_id TEXT NOT NULL
);
