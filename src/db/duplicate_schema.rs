//! The tables of records that may be of one firm, by hand, as in
//! [`super::schema`] and held to the migrations with it.

use super::schema::organizations;

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    stated_identifiers (organization_id, scheme, value) {
        organization_id -> Id,
        scheme -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    organization_traces (trace, organization_id) {
        trace -> Text,
        organization_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use crate::db::types::sql::Id;

    organization_faces (organization_id) {
        organization_id -> Id,
        folding -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    duplicates (id) {
        id -> Id,
        lower_organization_id -> Id,
        upper_organization_id -> Id,
        kind -> Text,
        score -> BigInt,
        reasons -> Text,
        state -> Text,
        note -> Nullable<Text>,
        judged_by -> Nullable<Id>,
        kept_id -> Nullable<Id>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::db::types::sql::{Id, UtcTimestamp};

    organization_merges (id) {
        id -> Id,
        duplicate_id -> Id,
        kept_id -> Id,
        gone_id -> Id,
        created_at -> UtcTimestamp,
        undone_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    merge_agreements (organization_id, other_id) {
        organization_id -> Id,
        other_id -> Id,
        agreed_by -> Id,
        agreed_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::Id;

    merge_moves (merge_id, kind, record) {
        merge_id -> Id,
        kind -> Text,
        record -> Text,
        version -> Nullable<BigInt>,
        before -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(organization_traces, organizations);
diesel::allow_tables_to_appear_in_same_query!(organization_faces, organizations);
diesel::allow_tables_to_appear_in_same_query!(organization_merges, organizations);
