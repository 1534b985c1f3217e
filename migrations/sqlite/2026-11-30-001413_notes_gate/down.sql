DROP INDEX deal_notes_for_gate;
ALTER TABLE deal_notes DROP COLUMN gate_only;
