-- Notes from before what both sides read was screened are read once when the
-- service starts.
ALTER TABLE deal_notes ADD COLUMN screened INTEGER NOT NULL DEFAULT 0 CHECK (screened IN (0, 1));
CREATE INDEX deal_notes_unscreened ON deal_notes (id) WHERE screened = 0;
