//! The tables of what surrounds a deal, by hand; see `schema.rs`.

use super::schema::deals;

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deal_tasks (id) {
        id -> Id,
        deal_id -> Id,
        title -> Text,
        due -> Date,
        assignee -> Text,
        person_id -> Nullable<Id>,
        visibility -> Text,
        camp -> Text,
        author_id -> Id,
        status -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::Id;

    deal_plans (deal_id) {
        deal_id -> Id,
        next_step -> Nullable<Text>,
        expected_close -> Nullable<Date>,
        probability -> Nullable<BigInt>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deal_clocks (deal_id) {
        deal_id -> Id,
        counted_from -> UtcTimestamp,
        days -> BigInt,
        turn -> Text,
        stale_at -> Nullable<UtcTimestamp>,
        told_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deal_documents (id) {
        id -> Id,
        deal_id -> Id,
        class -> Text,
        title -> Text,
        visibility -> Text,
        camp -> Text,
        author_id -> Id,
        digest -> Binary,
        bytes -> BigInt,
        kind -> Text,
        file_name -> Text,
        created_at -> UtcTimestamp,
        erased_at -> Nullable<UtcTimestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(deal_tasks, deals);
diesel::allow_tables_to_appear_in_same_query!(deal_clocks, deals);
