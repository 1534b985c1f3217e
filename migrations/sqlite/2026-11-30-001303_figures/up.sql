-- What startups say in figures, beside the document that says it, so that lists
-- narrowed down by them read no documents. Most figures have no index: a range of
-- them lets many pass, and a page is full sooner by the age of what passes.
ALTER TABLE startup_profiles ADD COLUMN team_size INTEGER;
ALTER TABLE startup_profiles ADD COLUMN customers INTEGER;
ALTER TABLE startup_profiles ADD COLUMN pilots INTEGER;
ALTER TABLE startup_profiles ADD COLUMN growth INTEGER;
ALTER TABLE startup_profiles ADD COLUMN revenue_currency TEXT;
ALTER TABLE startup_profiles ADD COLUMN revenue INTEGER;
UPDATE startup_profiles SET
    team_size = json_extract(content, '$.team_size'),
    customers = json_extract(content, '$.traction.customers'),
    pilots = json_extract(content, '$.traction.pilots'),
    growth = json_extract(content, '$.traction.growth_pct'),
    revenue_currency = json_extract(content, '$.traction.revenue_12m.currency'),
    revenue = json_extract(content, '$.traction.revenue_12m.amount_minor');
CREATE INDEX startup_profiles_by_revenue ON startup_profiles (revenue_currency, revenue);
