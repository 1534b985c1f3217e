//! The tables, by hand: `tests/it/db/agreement.rs` holds this file and both
//! folders of migrations to each other.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    events (seq) {
        seq -> BigInt,
        position -> Nullable<BigInt>,
        hash -> Nullable<Binary>,
        id -> Id,
        at -> UtcTimestamp,
        kind -> Text,
        subject_kind -> Text,
        subject_id -> Id,
        actor_kind -> Text,
        actor_id -> Nullable<Id>,
        payload -> Text,
    }
}

diesel::table! {
    log_head (id) {
        id -> Integer,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    consumers (name) {
        name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    leases (name) {
        name -> Text,
        holder -> Id,
        until -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    outbox (id) {
        id -> Id,
        intent_key -> Text,
        kind -> Text,
        subject_kind -> Text,
        subject_id -> Id,
        payload -> Text,
        message_id -> Nullable<Text>,
        state -> Text,
        attempts -> Integer,
        available_at -> UtcTimestamp,
        holder -> Nullable<Id>,
        last_error -> Nullable<Text>,
        created_at -> UtcTimestamp,
        finished_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::db::types::sql::UtcTimestamp;

    idempotency_keys (principal, route, key) {
        principal -> Text,
        route -> Text,
        key -> Text,
        fingerprint -> Binary,
        outcome -> Nullable<Text>,
        created_at -> UtcTimestamp,
        expires_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::db::types::sql::UtcTimestamp;

    secrets (name) {
        name -> Text,
        sealed -> Binary,
        created_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(events, log_head);
