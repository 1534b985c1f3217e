-- What lists are narrowed down by beside words: the round of the present
-- revision (what it seeks, and from how small to how large a cheque it takes)
-- and a mandate's cheque, in minor units of their currency.
ALTER TABLE startup_profiles ADD COLUMN round_currency text;
ALTER TABLE startup_profiles ADD COLUMN round_target bigint;
ALTER TABLE startup_profiles ADD COLUMN round_low bigint;
ALTER TABLE startup_profiles ADD COLUMN round_high bigint;
ALTER TABLE startup_profiles ADD COLUMN round_closes date;
UPDATE startup_profiles SET
    round_currency = content::jsonb #>> '{round,currency}',
    round_target = (content::jsonb #>> '{round,target}')::bigint,
    round_low = coalesce((content::jsonb #>> '{round,min_cheque}')::bigint, 0),
    round_high = coalesce(content::jsonb #>> '{round,max}', content::jsonb #>> '{round,target}')::bigint,
    round_closes = (content::jsonb #>> '{round,close_by}')::date
WHERE content::jsonb #>> '{round,currency}' IS NOT NULL;
CREATE INDEX startup_profiles_by_round ON startup_profiles (round_currency, round_target);
CREATE INDEX startup_profiles_by_claim ON startup_profiles (claimed, created_at, id);
CREATE INDEX startup_profiles_by_country ON startup_profiles (country, created_at, id);

ALTER TABLE mandates ADD COLUMN cheque_currency text;
ALTER TABLE mandates ADD COLUMN cheque_min bigint;
ALTER TABLE mandates ADD COLUMN cheque_max bigint;
UPDATE mandates SET
    cheque_currency = content::jsonb #>> '{cheque,currency}',
    cheque_min = (content::jsonb #>> '{cheque,min}')::bigint,
    cheque_max = (content::jsonb #>> '{cheque,max}')::bigint
WHERE content::jsonb #>> '{cheque,currency}' IS NOT NULL;
CREATE INDEX mandates_by_cheque ON mandates (cheque_currency, cheque_min);
CREATE INDEX mandates_by_claim ON mandates (claimed, created_at, id);
CREATE INDEX mandates_by_country ON mandates (country, created_at, id);

CREATE INDEX organizations_by_change ON organizations (updated_at);
CREATE INDEX organizations_by_country ON organizations (country, created_at, id);
CREATE INDEX deals_by_profile ON deals (startup_profile_id);
CREATE INDEX deals_by_mandate ON deals (mandate_id);
CREATE INDEX introductions_by_profile ON introductions (startup_profile_id);
CREATE INDEX stated_identifiers_by_value ON stated_identifiers (scheme, value);
