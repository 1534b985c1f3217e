//! The tables of tags, by hand, as in [`super::schema`] and held to the
//! migrations with it.

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    taxonomy_editions (id) {
        id -> BigInt,
        base -> Text,
        edition -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    tags (id) {
        id -> Id,
        slug -> Text,
        kind -> Text,
        parent -> Nullable<Text>,
        words -> Text,
        sensitivity -> Text,
        valid_from -> Nullable<Date>,
        valid_to -> Nullable<Date>,
        redirect -> Nullable<Text>,
        merged -> Bool,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    tag_decisions (id) {
        id -> Id,
        tag_id -> Id,
        matter -> Text,
        reason -> Text,
        person_id -> Id,
        settled -> Bool,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    tag_merges (id) {
        id -> Id,
        source -> Text,
        target -> Text,
        started_by -> Id,
        held -> BigInt,
        created_at -> UtcTimestamp,
        ended_at -> Nullable<UtcTimestamp>,
    }
}
