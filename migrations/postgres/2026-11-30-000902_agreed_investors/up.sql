-- Compliance agrees to a revision, and a curator approves it, as with startups.
ALTER TABLE investor_profiles ADD COLUMN compliance_agreed_revision BIGINT NULL;
