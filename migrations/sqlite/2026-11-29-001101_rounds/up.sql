-- Up to when regular mail was queued, by what it is: the digests of the weeks,
-- the statuses of the months, the work of the days.
CREATE TABLE mail_rounds (
    name TEXT NOT NULL PRIMARY KEY,
    done_to INTEGER NOT NULL
) STRICT;
