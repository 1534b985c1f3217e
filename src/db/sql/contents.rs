//! Conditions on what investors say of themselves, which stands in one
//! document. There are as many as there are investors, so none is indexed.

use std::collections::BTreeSet;

use diesel::sql_types::{Bool, Text};

use super::search::FoundBy;
use crate::db::Conn;
use crate::domain::text::{Language, Slug};

/// The condition that an investor speaks a language, whatever its region or
/// script.
pub(in crate::db) fn speaks(conn: &Conn, language: &Language) -> FoundBy {
    let (start, end) = match conn {
        Conn::Sqlite(_) => (
            "EXISTS (SELECT 1 FROM json_each(investor_profiles.content, '$.languages') AS said
             WHERE said.value || '-' LIKE ",
            " || '-%')",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => (
            "EXISTS (SELECT 1 FROM jsonb_array_elements_text(
                 CAST(investor_profiles.content AS jsonb) -> 'languages') AS said (value)
             WHERE said.value || '-' LIKE ",
            " || '-%')",
        ),
    };
    diesel::dsl::sql::<Bool>(start)
        .bind::<Text, _>(language.primary().to_owned())
        .sql(end)
}

/// The condition that an investor holds a firm with one of these tags.
pub(in crate::db) fn holds_one_of(conn: &Conn, tags: &BTreeSet<Slug>) -> FoundBy {
    // A slug holds nothing that means anything in JSON.
    let tags: Vec<String> = tags.iter().map(|tag| format!("\"{tag}\"")).collect();
    let (start, end) = match conn {
        Conn::Sqlite(_) => (
            "EXISTS (SELECT 1 FROM json_each(investor_profiles.content, '$.portfolio') AS held,
                                   json_each(held.value, '$.tags') AS tag
             WHERE tag.value IN (SELECT value FROM json_each(",
            ")))",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => (
            "EXISTS (SELECT 1 FROM jsonb_array_elements(
                         CAST(investor_profiles.content AS jsonb) -> 'portfolio') AS held,
                     jsonb_array_elements_text(held -> 'tags') AS tag (value)
             WHERE tag.value IN (SELECT jsonb_array_elements_text(CAST(",
            " AS jsonb))))",
        ),
    };
    diesel::dsl::sql::<Bool>(start)
        .bind::<Text, _>(format!("[{}]", tags.join(",")))
        .sql(end)
}
