//! The tables of sessions, tickets and programs, by hand, as in
//! [`super::schema`] and held to the migrations with it.

use super::duplicate_schema::organization_merges;
use super::schema::{mandates, memberships, organizations, startup_profiles, users};

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    sessions (id) {
        id -> Id,
        user_id -> Id,
        second_factor -> Bool,
        agent -> Nullable<Text>,
        address -> Nullable<Text>,
        created_at -> UtcTimestamp,
        last_used_at -> UtcTimestamp,
        expires_at -> UtcTimestamp,
        ended_at -> Nullable<UtcTimestamp>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable};
    use crate::db::types::sql::{Id, UtcTimestamp};

    refresh_tokens (hash) {
        hash -> Binary,
        session_id -> Id,
        expires_at -> UtcTimestamp,
        used_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable};
    use crate::db::types::sql::{Id, UtcTimestamp};

    second_factors (user_id) {
        user_id -> Id,
        sealed -> Binary,
        last_step -> BigInt,
        confirmed_at -> Nullable<UtcTimestamp>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable};
    use crate::db::types::sql::{Id, UtcTimestamp};

    recovery_codes (user_id, hash) {
        user_id -> Id,
        hash -> Binary,
        used_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    tickets (id) {
        id -> Id,
        kind -> Text,
        email -> Text,
        email_key -> Text,
        organization_id -> Nullable<Id>,
        role -> Nullable<Text>,
        language -> Text,
        document -> Nullable<Text>,
        created_by -> Nullable<Id>,
        created_at -> UtcTimestamp,
        expires_at -> UtcTimestamp,
        closed_at -> Nullable<UtcTimestamp>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    contacts (organization_id, email_key) {
        organization_id -> Id,
        email_key -> Text,
        email -> Text,
        language -> Text,
        created_at -> UtcTimestamp,
        asked_at -> Nullable<UtcTimestamp>,
        objected_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    consent_receipts (id) {
        id -> Id,
        user_id -> Id,
        organization_id -> Id,
        purpose -> Text,
        person_name -> Text,
        person_role -> Nullable<Text>,
        law -> Text,
        text -> Text,
        text_hash -> Binary,
        language -> Text,
        method -> Text,
        given_at -> UtcTimestamp,
        valid_to -> UtcTimestamp,
        withdrawn_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    clients (id) {
        id -> Id,
        organization_id -> Id,
        name -> Text,
        scopes -> Text,
        allowed_addresses -> Text,
        created_by -> Id,
        created_at -> UtcTimestamp,
        expires_at -> Nullable<UtcTimestamp>,
        last_used_at -> Nullable<UtcTimestamp>,
        revoked_at -> Nullable<UtcTimestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    client_secrets (hash) {
        hash -> Binary,
        client_id -> Id,
        prefix -> Text,
        created_at -> UtcTimestamp,
        expires_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    revoked_tokens (jti) {
        jti -> Id,
        expires_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    api_keys (id) {
        id -> Id,
        user_id -> Id,
        name -> Text,
        hash -> Binary,
        prefix -> Text,
        scopes -> Text,
        allowed_addresses -> Text,
        created_at -> UtcTimestamp,
        expires_at -> UtcTimestamp,
        last_used_at -> Nullable<UtcTimestamp>,
        revoked_at -> Nullable<UtcTimestamp>,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(clients -> organizations (organization_id));
diesel::joinable!(client_secrets -> clients (client_id));
diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::db::types::sql::{Id, UtcTimestamp};

    consents_before (organization_id) {
        organization_id -> Id,
        holds_until -> UtcTimestamp,
        told -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(sessions, users);
diesel::allow_tables_to_appear_in_same_query!(consent_receipts, users);
diesel::allow_tables_to_appear_in_same_query!(consent_receipts, consents_before);
diesel::allow_tables_to_appear_in_same_query!(consent_receipts, mandates);
diesel::allow_tables_to_appear_in_same_query!(consent_receipts, organization_merges);
diesel::allow_tables_to_appear_in_same_query!(consent_receipts, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(clients, client_secrets);
diesel::allow_tables_to_appear_in_same_query!(clients, organizations, revoked_tokens);
diesel::allow_tables_to_appear_in_same_query!(sessions, memberships);
diesel::allow_tables_to_appear_in_same_query!(sessions, organizations);
