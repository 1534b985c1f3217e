DROP TABLE consents_before;
