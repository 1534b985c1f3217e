-- Programs. A partner's client has an account of its own under `users`, which
-- nobody signs in to, so that what it does is on record as its own. Of secrets
-- and keys only the hash is kept; during a rotation a client has two secrets.

CREATE TABLE clients (
    id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    allowed_addresses TEXT NOT NULL,
    created_by BLOB NOT NULL REFERENCES users (id) CHECK (length(created_by) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_by_organization ON clients (organization_id, created_at);

CREATE TABLE client_secrets (
    hash BLOB NOT NULL PRIMARY KEY,
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

CREATE TABLE revoked_tokens (
    jti BLOB NOT NULL PRIMARY KEY CHECK (length(jti) = 16),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id) CHECK (length(user_id) = 16),
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    allowed_addresses TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at);
