DROP TABLE merge_agreements;
