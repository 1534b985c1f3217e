-- For which partner an introduction was asked for, where it was none of the
-- operator's people: to the two sides both are "somebody else".
ALTER TABLE introductions ADD COLUMN partner_id BLOB NULL REFERENCES organizations (id) CHECK (length(partner_id) = 16);
CREATE INDEX introductions_by_partner ON introductions (partner_id, created_at, id);
