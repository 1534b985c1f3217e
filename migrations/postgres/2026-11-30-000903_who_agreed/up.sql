-- Who of compliance agreed to a revision: approving it is somebody else's.
ALTER TABLE startup_profiles ADD COLUMN compliance_agreed_by UUID NULL REFERENCES users (id);
ALTER TABLE investor_profiles ADD COLUMN compliance_agreed_by UUID NULL REFERENCES users (id);
