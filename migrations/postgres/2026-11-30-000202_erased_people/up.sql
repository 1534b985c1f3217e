-- Since when somebody is erased: their row stays for its id, and says nothing.
ALTER TABLE users ADD COLUMN erased_at timestamptz NULL;
