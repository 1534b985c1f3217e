-- Since when a message may have gone out without our knowing: set before it is
-- handed over, taken away again when the server said no.
ALTER TABLE outbox ADD COLUMN sending_since TIMESTAMPTZ NULL;
