ALTER TABLE startup_profiles DROP COLUMN compliance_agreed_by;
ALTER TABLE investor_profiles DROP COLUMN compliance_agreed_by;
