DROP INDEX disclosures_by_reader;
