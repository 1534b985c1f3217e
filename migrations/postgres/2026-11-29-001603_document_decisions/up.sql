-- Who was the first of two to let a document through whose words are sensitive.
ALTER TABLE documents ADD COLUMN first_cleared_by uuid NULL REFERENCES users (id);
CREATE INDEX documents_waiting ON documents (state, updated_at, id);
