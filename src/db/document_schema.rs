//! The tables of documents, by hand; see `schema.rs`.

use super::schema::{introductions, startup_profiles};

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    documents (id) {
        id -> Id,
        startup_profile_id -> Id,
        class -> Text,
        title -> Text,
        language -> Text,
        level -> Text,
        state -> Text,
        current -> BigInt,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        first_cleared_by -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    document_versions (document_id, number) {
        document_id -> Id,
        number -> BigInt,
        digest -> Binary,
        bytes -> BigInt,
        kind -> Text,
        file_name -> Text,
        uploaded_by -> Id,
        created_at -> UtcTimestamp,
        erased_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable};
    use crate::db::types::sql::{Id, UtcTimestamp};

    document_views (id) {
        id -> Id,
        document_id -> Id,
        number -> BigInt,
        organization_id -> Id,
        introduction_id -> Nullable<Id>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    document_grants (id) {
        id -> Id,
        startup_profile_id -> Id,
        introduction_id -> Nullable<Id>,
        level -> Text,
        granted_by -> Id,
        created_at -> UtcTimestamp,
        revoked_at -> Nullable<UtcTimestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(documents, document_versions, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(document_grants, introductions);
