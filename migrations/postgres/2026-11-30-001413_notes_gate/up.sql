-- Whether a text waits for what the gate left open alone, whatever it says.
ALTER TABLE deal_notes ADD COLUMN gate_only BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX deal_notes_for_gate ON deal_notes (deal_id) WHERE state = 'waiting' AND gate_only;
