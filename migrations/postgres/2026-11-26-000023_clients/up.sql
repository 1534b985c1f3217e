-- Programs. A partner's client has an account of its own under `users`, which
-- nobody signs in to, so that what it does is on record as its own. Of secrets
-- and keys only the hash is kept; during a rotation a client has two secrets.

CREATE TABLE clients (
    id uuid NOT NULL PRIMARY KEY REFERENCES users (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    scopes text NOT NULL,
    allowed_addresses text NOT NULL,
    created_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX clients_by_organization ON clients (organization_id, created_at);

CREATE TABLE client_secrets (
    hash bytea NOT NULL PRIMARY KEY,
    client_id uuid NOT NULL REFERENCES clients (id),
    prefix text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

CREATE TABLE revoked_tokens (
    jti uuid NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

CREATE TABLE api_keys (
    id uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    prefix text NOT NULL,
    scopes text NOT NULL,
    allowed_addresses text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at);
