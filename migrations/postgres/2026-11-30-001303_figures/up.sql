-- What startups say in figures, beside the document that says it, so that lists
-- narrowed down by them read no documents. Most figures have no index: a range of
-- them lets many pass, and a page is full sooner by the age of what passes.
ALTER TABLE startup_profiles ADD COLUMN team_size bigint;
ALTER TABLE startup_profiles ADD COLUMN customers bigint;
ALTER TABLE startup_profiles ADD COLUMN pilots bigint;
ALTER TABLE startup_profiles ADD COLUMN growth bigint;
ALTER TABLE startup_profiles ADD COLUMN revenue_currency text;
ALTER TABLE startup_profiles ADD COLUMN revenue bigint;
UPDATE startup_profiles SET
    team_size = CAST((CAST(content AS jsonb) #>> '{team_size}') AS bigint),
    customers = CAST((CAST(content AS jsonb) #>> '{traction,customers}') AS bigint),
    pilots = CAST((CAST(content AS jsonb) #>> '{traction,pilots}') AS bigint),
    growth = CAST((CAST(content AS jsonb) #>> '{traction,growth_pct}') AS bigint),
    revenue_currency = (CAST(content AS jsonb) #>> '{traction,revenue_12m,currency}'),
    revenue = CAST((CAST(content AS jsonb) #>> '{traction,revenue_12m,amount_minor}') AS bigint);
CREATE INDEX startup_profiles_by_revenue ON startup_profiles (revenue_currency, revenue);
