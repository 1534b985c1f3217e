-- A page of what is to be confirmed is sought by the day and the id of the last
-- one before it; what has no such day comes after all that has.
CREATE INDEX startup_profiles_by_due ON startup_profiles (COALESCE(reconfirm_by, '9999-12-31'), id);
CREATE INDEX mandates_by_due ON mandates (COALESCE(reconfirm_by, '9999-12-31'), id);
CREATE INDEX investor_profiles_by_due ON investor_profiles (COALESCE(reconfirm_by, '9999-12-31'), id);
DROP INDEX startup_profiles_by_confirmation;
DROP INDEX mandates_by_confirmation;
DROP INDEX investor_profiles_by_day;
