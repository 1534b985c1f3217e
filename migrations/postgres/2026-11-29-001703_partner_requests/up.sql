-- For which partner an introduction was asked for, where it was none of the
-- operator's people: to the two sides both are "somebody else".
ALTER TABLE introductions ADD COLUMN partner_id uuid NULL REFERENCES organizations (id);
CREATE INDEX introductions_by_partner ON introductions (partner_id, created_at, id);
