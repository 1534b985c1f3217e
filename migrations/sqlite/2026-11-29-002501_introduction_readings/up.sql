-- Which side of an introduction has read the other's named profile, since when.
CREATE TABLE introduction_readings (
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (introduction_id, side)
) STRICT;
