-- Since when no mail server takes a message from us, for reasons that are
-- nothing of its reader's: somebody has to look at it.
ALTER TABLE outbox ADD COLUMN unserved_since INTEGER NULL;
CREATE INDEX outbox_unserved ON outbox (unserved_since, id) WHERE unserved_since IS NOT NULL;
