-- The file of an introduction, and of a match.
CREATE INDEX disclosures_by_subject ON disclosures (subject_kind, subject_id, created_at, id);
