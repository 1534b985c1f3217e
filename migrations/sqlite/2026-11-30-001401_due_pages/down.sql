CREATE INDEX startup_profiles_by_confirmation ON startup_profiles (reconfirm_by IS NULL, reconfirm_by, id);
CREATE INDEX mandates_by_confirmation ON mandates (reconfirm_by IS NULL, reconfirm_by, id);
CREATE INDEX investor_profiles_by_day ON investor_profiles (reconfirm_by IS NULL, reconfirm_by, id);
DROP INDEX investor_profiles_by_due;
DROP INDEX mandates_by_due;
DROP INDEX startup_profiles_by_due;
