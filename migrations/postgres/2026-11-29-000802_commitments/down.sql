DROP TABLE commitment_evidence;
DROP TABLE commitments;
