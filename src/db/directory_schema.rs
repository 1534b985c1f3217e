//! The tables of what partners handed in, and of what is found by its words,
//! by hand, as in [`super::schema`] and
//! held to the migrations with it.

use super::identity_schema::contacts;
use super::schema::{clearances, mandates, startup_profiles};

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    referrals (id) {
        id -> Id,
        partner_id -> Id,
        external_id -> Text,
        organization_id -> Id,
        profile_id -> Nullable<Id>,
        mandate_id -> Nullable<Id>,
        digest -> Binary,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(referrals, contacts);
diesel::allow_tables_to_appear_in_same_query!(referrals, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(referrals, mandates);
diesel::allow_tables_to_appear_in_same_query!(referrals, clearances);

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Text};
    use crate::db::types::sql::Id;

    search_entries (place) {
        place -> BigInt,
        kind -> Text,
        record_id -> Id,
        organization_id -> Id,
        folding -> Integer,
        sort_name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    saved_views (id) {
        id -> Id,
        owner_id -> Id,
        organization_id -> Nullable<Id>,
        name -> Text,
        list -> Text,
        query -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}
