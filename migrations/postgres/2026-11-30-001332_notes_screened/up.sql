-- Notes from before what both sides read was screened are read once when the
-- service starts.
ALTER TABLE deal_notes ADD COLUMN screened BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX deal_notes_unscreened ON deal_notes (id) WHERE NOT screened;
