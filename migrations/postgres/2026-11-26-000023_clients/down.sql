DROP TABLE api_keys;
DROP TABLE revoked_tokens;
DROP TABLE client_secrets;
DROP TABLE clients;
