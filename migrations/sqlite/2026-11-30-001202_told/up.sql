-- What a request was answered, word for word, so that its repetition is told the
-- same whatever became of the record since.
ALTER TABLE idempotency_keys ADD COLUMN told TEXT NULL;
