-- Who was the first of two to let a document through whose words are sensitive.
ALTER TABLE documents ADD COLUMN first_cleared_by BLOB NULL REFERENCES users (id) CHECK (length(first_cleared_by) = 16);
CREATE INDEX documents_waiting ON documents (state, updated_at, id);
