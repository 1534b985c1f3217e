-- Who of compliance agreed to a revision: approving it is somebody else's.
ALTER TABLE startup_profiles ADD COLUMN compliance_agreed_by BLOB NULL REFERENCES users (id) CHECK (length(compliance_agreed_by) = 16);
ALTER TABLE investor_profiles ADD COLUMN compliance_agreed_by BLOB NULL REFERENCES users (id) CHECK (length(compliance_agreed_by) = 16);
