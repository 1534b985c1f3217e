-- What waits is looked for by its state and how long it stands there.
CREATE INDEX introductions_waiting ON introductions (status, updated_at, id);
CREATE INDEX deals_waiting ON deals (status, stage_entered_at, id);
CREATE INDEX startup_profiles_waiting ON startup_profiles (status, updated_at, id);
CREATE INDEX clearances_ending ON clearances (valid_to, id);
