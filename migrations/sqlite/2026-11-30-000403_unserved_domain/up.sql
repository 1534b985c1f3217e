-- To whose domain a message was not taken from us; none where no server took
-- any. What one domain refuses is its own affair, what several refuse is ours.
ALTER TABLE outbox ADD COLUMN unserved_domain TEXT NULL;
