DROP INDEX consent_receipts_by_user;
DROP TABLE introduction_consents;
