//! The tables of rule sets that programmes draft, of the pipelines of deals, and
//! of what investors did before, by hand, as in [`super::schema`] and held to the
//! migrations with it.

use super::schema::rule_sets;

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_rule_sets (rule_set_id) {
        rule_set_id -> Id,
        programme_id -> Id,
        status -> Text,
        version -> BigInt,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    rule_set_simulations (id) {
        id -> Id,
        rule_set_id -> Id,
        rule_set_version -> BigInt,
        against_id -> Id,
        document -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::joinable!(programme_rule_sets -> rule_sets (rule_set_id));
diesel::allow_tables_to_appear_in_same_query!(programme_rule_sets, rule_sets);

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    investments (id) {
        id -> Id,
        investor_id -> Id,
        startup -> Text,
        country -> Nullable<Text>,
        tags -> Text,
        stage -> Nullable<Text>,
        round_minor -> Nullable<BigInt>,
        round_currency -> Nullable<Text>,
        invested_on -> Date,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    pipeline_sets (id) {
        id -> Id,
        programme_id -> Nullable<Id>,
        status -> Text,
        published_at -> Nullable<UtcTimestamp>,
        document -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}
