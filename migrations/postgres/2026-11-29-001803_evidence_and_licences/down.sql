DROP TABLE export_licences;
ALTER TABLE clearances DROP COLUMN evidence_sha256;
ALTER TABLE clearances DROP COLUMN evidence;
