PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ', ''erased'')', ')')
    WHERE type = 'table' AND name = 'mandates';
PRAGMA writable_schema = RESET;
DROP TABLE legal_holds;
