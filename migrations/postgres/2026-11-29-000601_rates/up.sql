-- Quotations as they were published, each with its source: "`nominal` units of
-- `base` are worth mantissa / 10^scale of `quote`". Rates between any two
-- currencies are derived from them, exactly, when they are asked for.
CREATE TABLE rate_batches (
    id uuid NOT NULL PRIMARY KEY,
    source text NOT NULL CHECK (source IN ('ecb', 'cbar', 'operator')),
    made_by uuid NULL REFERENCES users (id),
    quotes bigint NOT NULL CHECK (quotes >= 0),
    first_day date NOT NULL,
    last_day date NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE rate_quotes (
    source text NOT NULL CHECK (source IN ('ecb', 'cbar', 'operator')),
    base text NOT NULL,
    quote text NOT NULL,
    quoted_on date NOT NULL,
    nominal bigint NOT NULL CHECK (nominal > 0),
    mantissa bigint NOT NULL CHECK (mantissa > 0),
    scale integer NOT NULL CHECK (scale >= 0 AND scale <= 12),
    batch_id uuid NULL REFERENCES rate_batches (id),
    PRIMARY KEY (source, base, quote, quoted_on),
    CHECK (base <> quote)
);
CREATE INDEX rate_quotes_by_day ON rate_quotes (source, quoted_on);

INSERT INTO rate_quotes (source, base, quote, quoted_on, nominal, mantissa, scale, batch_id)
SELECT 'operator', currency, 'USD', quoted_on, 1, usd_micros, 6, NULL
FROM rates WHERE currency <> 'USD';
DROP TABLE rates;
