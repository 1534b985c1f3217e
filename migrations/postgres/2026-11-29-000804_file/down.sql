DROP INDEX disclosures_by_subject;
