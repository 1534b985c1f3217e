-- The trace (W3C Trace Context) of the request for which a message was queued.
ALTER TABLE outbox ADD COLUMN trace_id text NULL CHECK (length(trace_id) = 32);
