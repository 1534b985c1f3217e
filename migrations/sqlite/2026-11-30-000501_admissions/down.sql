DROP INDEX commitment_evidence_replaced_once;
ALTER TABLE commitment_evidence DROP COLUMN replaces_id;
DROP INDEX programme_mandates_by_age;
DROP INDEX programme_startups_by_age;
DROP TABLE programme_departures;
