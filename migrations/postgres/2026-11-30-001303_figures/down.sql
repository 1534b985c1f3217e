DROP INDEX startup_profiles_by_revenue;
ALTER TABLE startup_profiles DROP COLUMN revenue;
ALTER TABLE startup_profiles DROP COLUMN revenue_currency;
ALTER TABLE startup_profiles DROP COLUMN growth;
ALTER TABLE startup_profiles DROP COLUMN pilots;
ALTER TABLE startup_profiles DROP COLUMN customers;
ALTER TABLE startup_profiles DROP COLUMN team_size;
