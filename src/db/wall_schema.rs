//! The tables of walls between firms, by hand, as in [`super::schema`] and held
//! to the migrations with it.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    walls (id) {
        id -> Id,
        organization_id -> Id,
        name -> Text,
        website -> Nullable<Text>,
        reach -> Text,
        reason -> Text,
        by_operator -> Bool,
        status -> Text,
        declared_by -> Id,
        decided_by -> Nullable<Id>,
        note -> Nullable<Text>,
        swept_at -> Nullable<UtcTimestamp>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    wall_keys (key, wall_id) {
        key -> Text,
        wall_id -> Id,
    }
}

diesel::table! {
    use crate::db::types::sql::Id;

    wall_pairs (wall_id, other_id) {
        wall_id -> Id,
        organization_id -> Id,
        other_id -> Id,
    }
}

diesel::allow_tables_to_appear_in_same_query!(walls, wall_keys);
diesel::allow_tables_to_appear_in_same_query!(walls, wall_pairs);
