//! The tables of files that are imported, by hand, as in [`super::schema`]
//! and held to the migrations with it.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    import_jobs (id) {
        id -> Id,
        partner_id -> Nullable<Id>,
        made_by -> Nullable<Id>,
        programme_id -> Nullable<Id>,
        format -> Text,
        dry_run -> Bool,
        keep_good -> Bool,
        ask_contacts -> Bool,
        bytes -> BigInt,
        digest -> Binary,
        state -> Text,
        place -> BigInt,
        line -> BigInt,
        rows_read -> BigInt,
        rows_bad -> BigInt,
        created -> BigInt,
        updated -> BigInt,
        unchanged -> BigInt,
        kept -> BigInt,
        refused -> BigInt,
        failure_code -> Nullable<Text>,
        failure_detail -> Nullable<Text>,
        holder -> Nullable<Id>,
        lease_until -> UtcTimestamp,
        expires_at -> UtcTimestamp,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::Id;

    import_rows (job_id, line) {
        job_id -> Id,
        line -> BigInt,
        external_id -> Nullable<Text>,
        outcome -> Text,
        record_id -> Nullable<Id>,
        faults -> Nullable<Text>,
        firm -> Nullable<Text>,
        firm_digest -> Nullable<Binary>,
        firm_numbers -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    record_names (record_id) {
        record_id -> Id,
        external_id -> Text,
    }
}

diesel::joinable!(import_rows -> import_jobs (job_id));
diesel::allow_tables_to_appear_in_same_query!(import_jobs, import_rows);

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    export_jobs (id) {
        id -> Id,
        made_by -> Id,
        organization_id -> Nullable<Id>,
        kind -> Text,
        format -> Text,
        filters -> Text,
        state -> Text,
        lines -> BigInt,
        bytes -> BigInt,
        digest -> Nullable<Binary>,
        failure_code -> Nullable<Text>,
        holder -> Nullable<Id>,
        lease_until -> UtcTimestamp,
        expires_at -> UtcTimestamp,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        parts -> Text,
        waits -> Bool,
    }
}
