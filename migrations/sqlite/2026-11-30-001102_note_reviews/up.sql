-- What both sides of a deal would read and names something restricted waits for
-- compliance, with the other side none the wiser.
ALTER TABLE deal_notes ADD COLUMN state TEXT NOT NULL DEFAULT 'shown' CHECK (state IN ('shown', 'waiting', 'cleared', 'refused'));
ALTER TABLE deal_notes ADD COLUMN first_cleared_by BLOB NULL CHECK (length(first_cleared_by) = 16);
CREATE INDEX deal_notes_waiting ON deal_notes (created_at, id) WHERE state = 'waiting';
