-- Quotations as they were published, each with its source: "`nominal` units of
-- `base` are worth mantissa / 10^scale of `quote`". Rates between any two
-- currencies are derived from them, exactly, when they are asked for.
CREATE TABLE rate_batches (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    source TEXT NOT NULL CHECK (source IN ('ecb', 'cbar', 'operator')),
    made_by BLOB NULL REFERENCES users (id) CHECK (length(made_by) = 16),
    quotes INTEGER NOT NULL CHECK (quotes >= 0),
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE rate_quotes (
    source TEXT NOT NULL CHECK (source IN ('ecb', 'cbar', 'operator')),
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    quoted_on TEXT NOT NULL,
    nominal INTEGER NOT NULL CHECK (nominal > 0),
    mantissa INTEGER NOT NULL CHECK (mantissa > 0),
    scale INTEGER NOT NULL CHECK (scale >= 0 AND scale <= 12),
    batch_id BLOB NULL REFERENCES rate_batches (id) CHECK (length(batch_id) = 16),
    PRIMARY KEY (source, base, quote, quoted_on),
    CHECK (base <> quote)
) STRICT;
CREATE INDEX rate_quotes_by_day ON rate_quotes (source, quoted_on);

INSERT INTO rate_quotes (source, base, quote, quoted_on, nominal, mantissa, scale, batch_id)
SELECT 'operator', currency, 'USD', quoted_on, 1, usd_micros, 6, NULL
FROM rates WHERE currency <> 'USD';
DROP TABLE rates;
