-- That no answer from then or before is told again: whoever it speaks of was
-- erased. The words themselves are deleted a few at a time (`swept`).
CREATE TABLE forgotten_answers (
    at INTEGER NOT NULL PRIMARY KEY,
    swept INTEGER NOT NULL CHECK (swept IN (0, 1))
) STRICT;
