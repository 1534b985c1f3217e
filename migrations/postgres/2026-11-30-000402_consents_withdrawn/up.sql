-- What was taken back of late: the clock sees to it that nothing was published
-- beside it.
CREATE INDEX consent_receipts_withdrawn ON consent_receipts (withdrawn_at) WHERE withdrawn_at IS NOT NULL;
