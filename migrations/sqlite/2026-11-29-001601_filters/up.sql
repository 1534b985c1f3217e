-- What lists are narrowed down by beside words: the round of the present
-- revision (what it seeks, and from how small to how large a cheque it takes)
-- and a mandate's cheque, in minor units of their currency.
ALTER TABLE startup_profiles ADD COLUMN round_currency TEXT;
ALTER TABLE startup_profiles ADD COLUMN round_target INTEGER;
ALTER TABLE startup_profiles ADD COLUMN round_low INTEGER;
ALTER TABLE startup_profiles ADD COLUMN round_high INTEGER;
ALTER TABLE startup_profiles ADD COLUMN round_closes TEXT;
UPDATE startup_profiles SET
    round_currency = json_extract(content, '$.round.currency'),
    round_target = json_extract(content, '$.round.target'),
    round_low = coalesce(json_extract(content, '$.round.min_cheque'), 0),
    round_high = coalesce(json_extract(content, '$.round.max'), json_extract(content, '$.round.target')),
    round_closes = json_extract(content, '$.round.close_by')
WHERE json_extract(content, '$.round.currency') IS NOT NULL;
CREATE INDEX startup_profiles_by_round ON startup_profiles (round_currency, round_target);
CREATE INDEX startup_profiles_by_claim ON startup_profiles (claimed, created_at, id);
CREATE INDEX startup_profiles_by_country ON startup_profiles (country, created_at, id);

ALTER TABLE mandates ADD COLUMN cheque_currency TEXT;
ALTER TABLE mandates ADD COLUMN cheque_min INTEGER;
ALTER TABLE mandates ADD COLUMN cheque_max INTEGER;
UPDATE mandates SET
    cheque_currency = json_extract(content, '$.cheque.currency'),
    cheque_min = json_extract(content, '$.cheque.min'),
    cheque_max = json_extract(content, '$.cheque.max')
WHERE json_extract(content, '$.cheque.currency') IS NOT NULL;
CREATE INDEX mandates_by_cheque ON mandates (cheque_currency, cheque_min);
CREATE INDEX mandates_by_claim ON mandates (claimed, created_at, id);
CREATE INDEX mandates_by_country ON mandates (country, created_at, id);

CREATE INDEX organizations_by_change ON organizations (updated_at);
CREATE INDEX organizations_by_country ON organizations (country, created_at, id);
CREATE INDEX deals_by_profile ON deals (startup_profile_id);
CREATE INDEX deals_by_mandate ON deals (mandate_id);
CREATE INDEX introductions_by_profile ON introductions (startup_profile_id);
CREATE INDEX stated_identifiers_by_value ON stated_identifiers (scheme, value);
