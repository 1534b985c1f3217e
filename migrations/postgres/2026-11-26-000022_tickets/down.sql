DROP TABLE consent_receipts;
DROP TABLE tickets;
