-- While the law wants something of a firm kept, nothing of it is erased.
CREATE TABLE legal_holds (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    reason TEXT NOT NULL,
    placed_by BLOB NOT NULL REFERENCES users (id) CHECK (length(placed_by) = 16),
    lifted_by BLOB NULL REFERENCES users (id) CHECK (length(lifted_by) = 16),
    lifted_at INTEGER NULL,
    lift_reason TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX legal_holds_by_firm ON legal_holds (organization_id, created_at, id);

-- A mandate may be erased as profiles may. SQLite changes no CHECK in place,
-- and half of all tables refer to this one: its text is corrected, which
-- changes nothing of what is stored. The index makes every other connection
-- read the text anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''withdrawn'', ''archived'')', '''withdrawn'', ''archived'', ''erased'')')
    WHERE type = 'table' AND name = 'mandates';
PRAGMA writable_schema = RESET;
CREATE INDEX legal_holds_by_age ON legal_holds (created_at, id);
