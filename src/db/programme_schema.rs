//! The tables of what programmes promise, sign and exchange, by hand; see
//! `schema.rs`.

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    commitments (id) {
        id -> Id,
        programme_id -> Id,
        goal -> Text,
        title -> Text,
        measure -> Text,
        target -> Text,
        target_number -> Nullable<BigInt>,
        target_currency -> Nullable<Text>,
        target_date -> Nullable<Date>,
        target_text -> Nullable<Text>,
        unit -> Nullable<Text>,
        due -> Date,
        owner_id -> Id,
        status -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    commitment_evidence (id) {
        id -> Id,
        commitment_id -> Id,
        kind -> Text,
        adds -> Text,
        number -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        happened_on -> Date,
        note -> Text,
        organization_id -> Nullable<Id>,
        given_by -> Id,
        created_at -> UtcTimestamp,
    }
}
