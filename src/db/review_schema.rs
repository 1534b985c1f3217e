//! The tables of what people say of matches and do with many of them, by hand,
//! as in [`super::schema`] and held to the migrations with it.

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    match_notes (id) {
        id -> Id,
        match_id -> Id,
        action -> Text,
        note -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    match_curations (programme_id, startup_profile_id, mandate_id) {
        programme_id -> Id,
        startup_profile_id -> Id,
        mandate_id -> Id,
        curation -> Text,
        reason -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
    }
}
