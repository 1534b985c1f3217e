-- Lists that are in order by when something changed last, or by the day on which
-- it is to be confirmed: what has no such day comes after all that has.
CREATE INDEX introductions_by_change ON introductions (updated_at, id);
CREATE INDEX deals_by_change ON deals (updated_at, id);
CREATE INDEX referrals_by_change ON referrals (updated_at, id);
CREATE INDEX documents_by_change ON documents (updated_at, id);
CREATE INDEX import_jobs_by_change ON import_jobs (updated_at, id);
CREATE INDEX startup_profiles_by_confirmation ON startup_profiles (reconfirm_by IS NULL, reconfirm_by, id);
CREATE INDEX mandates_by_confirmation ON mandates (reconfirm_by IS NULL, reconfirm_by, id);
CREATE INDEX investor_profiles_by_day ON investor_profiles (reconfirm_by IS NULL, reconfirm_by, id);
