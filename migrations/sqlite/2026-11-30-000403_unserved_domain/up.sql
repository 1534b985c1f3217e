-- To whose domain a message was not taken from us; none where no server took
-- any. What one domain refuses is its own affair, what several refuse is ours.
ALTER TABLE outbox ADD COLUMN unserved_domain TEXT NULL;
-- Why the ones that wait do so is not known, and is found out anew.
UPDATE outbox SET unserved_since = NULL WHERE unserved_since IS NOT NULL;
