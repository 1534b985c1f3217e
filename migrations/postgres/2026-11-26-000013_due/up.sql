-- What falls due is looked for every few seconds, with states that are bound
-- values; no partial index matches those, on SQLite never.
DROP INDEX introduction_asks_due;
DROP INDEX deals_to_resume;
DROP INDEX outbox_due;
DROP INDEX matches_unanswered;
CREATE INDEX introduction_asks_due ON introduction_asks (state, expires_at);
CREATE INDEX deals_to_resume ON deals (status, resume_on);
CREATE INDEX outbox_due ON outbox (state, available_at);
CREATE INDEX matches_unanswered ON matches (status, updated_at);
CREATE INDEX startup_profiles_to_confirm ON startup_profiles (status, reconfirm_by);
CREATE INDEX mandates_to_confirm ON mandates (status, reconfirm_by);

-- The live match of a pair, asked for by each line of a ranking.
CREATE INDEX matches_by_pair ON matches (startup_profile_id, mandate_id, programme_id);
