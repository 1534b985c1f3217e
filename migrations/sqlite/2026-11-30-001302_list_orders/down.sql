DROP INDEX investor_profiles_by_day;
DROP INDEX mandates_by_confirmation;
DROP INDEX startup_profiles_by_confirmation;
DROP INDEX import_jobs_by_change;
DROP INDEX documents_by_change;
DROP INDEX referrals_by_change;
DROP INDEX deals_by_change;
DROP INDEX introductions_by_change;
