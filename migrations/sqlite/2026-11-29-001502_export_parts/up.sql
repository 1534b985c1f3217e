-- The parts in which somebody asked for a file: who plays them no longer doesn't
-- get it. Files from before say none, and are made anew when asked for again.
ALTER TABLE export_jobs ADD COLUMN parts TEXT NOT NULL DEFAULT '';
