//! The tables of what investors say of themselves, by hand, as in
//! [`super::schema`] and held to the migrations with it.

use super::schema::organizations;

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    investor_profiles (id) {
        id -> Id,
        organization_id -> Id,
        status -> Text,
        claimed -> Bool,
        revision -> BigInt,
        content -> Text,
        kind -> Nullable<Text>,
        residence -> Nullable<Text>,
        assets -> Nullable<Text>,
        accreditation -> Text,
        published_at -> Nullable<UtcTimestamp>,
        reconfirm_by -> Nullable<Date>,
        rejected_at -> Nullable<UtcTimestamp>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        compliance_agreed_revision -> Nullable<BigInt>,
        compliance_agreed_by -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    investor_profile_revisions (profile_id, revision) {
        profile_id -> Id,
        revision -> BigInt,
        content -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    investor_comments (id) {
        id -> Id,
        profile_id -> Id,
        revision -> BigInt,
        pointer -> Text,
        comment -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(investor_profiles, organizations);
