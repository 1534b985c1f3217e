-- Which side of an introduction has read the other's named profile, since when.
CREATE TABLE introduction_readings (
    introduction_id UUID NOT NULL REFERENCES introductions (id),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (introduction_id, side)
);
