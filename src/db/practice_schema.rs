//! The tables of what firms show each other, and of what of it and of programmes
//! compliance reads first, by hand; see `schema.rs`.

use super::schema::events;

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    practices (id) {
        id -> Id,
        programme_id -> Id,
        topic -> Text,
        giver_id -> Id,
        taker_id -> Id,
        aim -> Text,
        status -> Text,
        giver_agreed -> Bool,
        taker_agreed -> Bool,
        outcome -> Nullable<Text>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    practice_sessions (id) {
        id -> Id,
        practice_id -> Id,
        held_on -> Date,
        minutes -> BigInt,
        attendees -> BigInt,
        rating -> Nullable<BigInt>,
        feedback -> Nullable<Text>,
        evidence -> Nullable<Text>,
        organization_id -> Nullable<Id>,
        noted_by -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::Id;

    practice_attendees (session_id, place) {
        session_id -> Id,
        place -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    held_texts (id) {
        id -> Id,
        programme_id -> Id,
        practice_id -> Nullable<Id>,
        place -> Text,
        text -> Text,
        organization_id -> Nullable<Id>,
        author_id -> Id,
        state -> Text,
        first_cleared_by -> Nullable<Id>,
        created_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(events, practices);
