-- When a side could meet the other, the dearest first, by whose clock.
CREATE TABLE introduction_slots (
    introduction_id uuid NOT NULL REFERENCES introductions (id),
    side text NOT NULL CHECK (side IN ('startup', 'investor')),
    place integer NOT NULL,
    starts_at timestamptz NOT NULL,
    minutes integer NOT NULL,
    zone text NOT NULL,
    PRIMARY KEY (introduction_id, side, place)
);

-- The meeting that is proposed to both: its sequence rises with each change
-- that they are told of.
CREATE TABLE introduction_meetings (
    introduction_id uuid NOT NULL PRIMARY KEY REFERENCES introductions (id),
    sequence integer NOT NULL,
    status text NOT NULL CHECK (status IN ('proposed', 'cancelled')),
    starts_at timestamptz NOT NULL,
    minutes integer NOT NULL,
    updated_at timestamptz NOT NULL
);
