CREATE TABLE rates (
    quoted_on date NOT NULL,
    currency text NOT NULL,
    usd_micros bigint NOT NULL CHECK (usd_micros > 0),
    PRIMARY KEY (quoted_on, currency)
);
-- Only what an operator quoted in dollars had a place in the older form.
INSERT INTO rates (quoted_on, currency, usd_micros)
SELECT quoted_on, base, mantissa FROM rate_quotes
WHERE source = 'operator' AND quote = 'USD' AND nominal = 1 AND scale = 6;
DROP TABLE rate_quotes;
DROP TABLE rate_batches;
