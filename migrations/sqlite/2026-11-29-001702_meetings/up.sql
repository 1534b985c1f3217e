-- When a side could meet the other, the dearest first, by whose clock.
CREATE TABLE introduction_slots (
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    place INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    zone TEXT NOT NULL,
    PRIMARY KEY (introduction_id, side, place)
) STRICT;

-- The meeting that is proposed to both: its sequence rises with each change
-- that they are told of.
CREATE TABLE introduction_meetings (
    introduction_id BLOB NOT NULL PRIMARY KEY REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    sequence INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('proposed', 'cancelled')),
    starts_at INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
