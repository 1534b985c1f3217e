//! The statements of compliance's queue: everything that waits, of whatever
//! kind, in one order. diesel has no union that both back-ends share.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use uuid::Uuid;

use crate::db::page::Cursor;
use crate::db::types::{Id, Timestamp, sql};
use crate::db::{Conn, Result};
use crate::domain::ids::{ProgrammeId, StartupProfileId};

/// Which rows; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    /// Of that kind.
    pub kind: Option<&'static str>,
    /// In that programme.
    pub programme: Option<ProgrammeId>,
    /// About that startup's profile.
    pub profile: Option<StartupProfileId>,
    /// Towards firms of the country with that code.
    pub country: Option<&'a str>,
    /// That began to wait at that time or later.
    pub since: Option<DateTime<Utc>>,
}

/// One row of the queue.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Of what kind.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Which record; of a question the first of those that wait on it.
    #[diesel(sql_type = sql::Id)]
    pub id: Id,
    /// Since when.
    #[diesel(sql_type = sql::UtcTimestamp)]
    pub since: DateTime<Utc>,
    /// In which programme.
    #[diesel(sql_type = Nullable<sql::Id>)]
    pub programme_id: Option<Id>,
    /// About which profile.
    #[diesel(sql_type = Nullable<sql::Id>)]
    pub profile_id: Option<Id>,
    /// Towards which country.
    #[diesel(sql_type = Nullable<Text>)]
    pub country: Option<String>,
    /// How many matches wait on it.
    #[diesel(sql_type = BigInt)]
    pub matches: i64,
    /// How many introductions.
    #[diesel(sql_type = BigInt)]
    pub introductions: i64,
}

/// A match or an introduction that waits on a question.
#[derive(Debug, Clone, QueryableByName)]
pub struct Member {
    /// `match` or `introduction`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Which.
    #[diesel(sql_type = sql::Id)]
    pub id: Id,
    /// Under which programme it goes on.
    #[diesel(sql_type = sql::Id)]
    pub programme_id: Id,
    /// About which profile.
    #[diesel(sql_type = sql::Id)]
    pub profile_id: Id,
    /// Towards which country.
    #[diesel(sql_type = Nullable<Text>)]
    pub country: Option<String>,
}

/// What the two back-ends write differently.
struct Dialect {
    /// The least of several ids, which PostgreSQL compares but has no least of.
    least_id: &'static str,
    /// No id.
    no_id: &'static str,
    /// No text.
    no_text: &'static str,
    id: fn(Uuid) -> String,
}

const SQLITE: Dialect = Dialect {
    least_id: "MIN(id)",
    no_id: "NULL",
    no_text: "NULL",
    id: |id| format!("X'{}'", id.simple()),
};

#[cfg(feature = "postgres")]
const POSTGRES: Dialect = Dialect {
    least_id: "CAST(MIN(CAST(id AS TEXT)) AS UUID)",
    no_id: "CAST(NULL AS UUID)",
    no_text: "CAST(NULL AS TEXT)",
    id: |id| format!("CAST('{id}' AS UUID)"),
};

const fn dialect(conn: &Conn) -> &'static Dialect {
    match conn {
        Conn::Sqlite(_) => &SQLITE,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => &POSTGRES,
    }
}

/// Matches and introductions that wait, with what one decision about them
/// covers: an introduction goes on under the programme that renewed its own.
const OPEN: &str = "WITH RECURSIVE going_on (id, under) AS (
    SELECT id, id FROM programmes WHERE status <> 'renewed'
    UNION
    SELECT agreed.predecessor_id, going_on.under
    FROM going_on
    JOIN programme_agreements AS agreed ON agreed.programme_id = going_on.id
    JOIN programmes AS before ON before.id = agreed.predecessor_id AND before.status = 'renewed'
), open_records (kind, id, since, programme_id, profile_id, country) AS (
    SELECT 'match', matches.id, matches.updated_at, matches.programme_id,
        matches.startup_profile_id, mandates.country
    FROM matches JOIN mandates ON mandates.id = matches.mandate_id
    WHERE matches.status = 'under_review'
    UNION ALL
    SELECT 'introduction', introductions.id, introductions.updated_at,
        COALESCE(going_on.under, introductions.programme_id),
        introductions.startup_profile_id, mandates.country
    FROM introductions
    JOIN mandates ON mandates.id = introductions.mandate_id
    LEFT JOIN going_on ON going_on.id = introductions.programme_id
    WHERE introductions.status = 'held'
)";

/// Everything that waits, in one table.
fn everything(dialect: &Dialect) -> String {
    let Dialect {
        least_id,
        no_id,
        no_text,
        ..
    } = dialect;
    format!(
        "{OPEN}, waiting (kind, id, since, programme_id, profile_id, country, matches, introductions) AS (
    SELECT 'question', {least_id}, MIN(since), programme_id, profile_id, country,
        COUNT(CASE WHEN kind = 'match' THEN 1 END),
        COUNT(CASE WHEN kind = 'introduction' THEN 1 END)
    FROM open_records GROUP BY programme_id, profile_id, country
    UNION ALL
    SELECT 'startup_profile', id, updated_at, {no_id}, id, {no_text}, 0, 0
    FROM startup_profiles WHERE status = 'in_review'
        AND (compliance_agreed_revision IS NULL OR compliance_agreed_revision <> revision)
    UNION ALL
    SELECT 'investor_profile', id, updated_at, {no_id}, {no_id}, {no_text}, 0, 0
    FROM investor_profiles WHERE status = 'in_review'
        AND (compliance_agreed_revision IS NULL OR compliance_agreed_revision <> revision)
    UNION ALL
    SELECT 'document', id, updated_at, {no_id}, startup_profile_id, {no_text}, 0, 0
    FROM documents WHERE state = 'in_review'
    UNION ALL
    SELECT 'deal_note', deal_notes.id, deal_notes.created_at, deals.programme_id,
        deals.startup_profile_id, {no_text}, 0, 0
    FROM deal_notes JOIN deals ON deals.id = deal_notes.deal_id
    WHERE deal_notes.state = 'waiting'
    UNION ALL
    SELECT 'held_text', id, created_at, programme_id, {no_id}, {no_text}, 0, 0
    FROM held_texts WHERE state = 'waiting'
    UNION ALL
    SELECT 'practice', id, updated_at, programme_id, {no_id}, {no_text}, 0, 0
    FROM practices WHERE status IN ('proposed', 'offered', 'agreed', 'running')
    UNION ALL
    SELECT 'licence', id, created_at, {no_id}, {no_id}, {no_text}, 0, 0
    FROM export_licences WHERE status = 'recorded'
)
SELECT kind, id, since, programme_id, profile_id, country, matches, introductions FROM waiting"
    )
}

/// The rows of the queue after a cursor, the longest waiting first.
pub(in crate::db) fn list(
    conn: &mut Conn,
    which: &Which<'_>,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Row>> {
    let dialect = dialect(conn);
    let mut text = everything(dialect);
    let mut and = " WHERE ";
    let mut add = |condition: String| {
        text.push_str(and);
        text.push_str(&condition);
        and = " AND ";
    };
    // Kinds and countries are codes of the program's own.
    if let Some(kind) = which.kind {
        add(format!("kind = '{kind}'"));
    }
    if let Some(country) = which.country {
        add(format!("country = '{country}'"));
    }
    if let Some(programme) = which.programme {
        add(format!("programme_id = {}", (dialect.id)(programme.uuid())));
    }
    if let Some(profile) = which.profile {
        add(format!("profile_id = {}", (dialect.id)(profile.uuid())));
    }
    let from = Timestamp(which.since.unwrap_or(DateTime::UNIX_EPOCH));
    let (at, id) = after.map_or((DateTime::UNIX_EPOCH, Uuid::nil()), |cursor| {
        (cursor.created_at, cursor.id)
    });
    let (at, id) = (Timestamp(at), Id::of(id));
    match conn {
        Conn::Sqlite(conn) => {
            add("since >= ? AND since >= ? AND (since > ? OR id > ?)".to_owned());
            text.push_str(" ORDER BY since, id LIMIT ?");
            let query = diesel::sql_query(text)
                .bind::<sql::UtcTimestamp, _>(from)
                .bind::<sql::UtcTimestamp, _>(at)
                .bind::<sql::UtcTimestamp, _>(at)
                .bind::<sql::Id, _>(id)
                .bind::<BigInt, _>(limit);
            Ok(query.load(conn)?)
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            add("since >= $1 AND since >= $2 AND (since > $2 OR id > $3)".to_owned());
            text.push_str(" ORDER BY since, id LIMIT $4");
            let query = diesel::sql_query(text)
                .bind::<sql::UtcTimestamp, _>(from)
                .bind::<sql::UtcTimestamp, _>(at)
                .bind::<sql::Id, _>(id)
                .bind::<BigInt, _>(limit);
            Ok(query.load(conn)?)
        }
    }
}

/// What waits on questions about these profiles, of each question at most so
/// many of each kind, the longest waiting first.
pub(in crate::db) fn members(
    conn: &mut Conn,
    profiles: &[StartupProfileId],
    most: i64,
) -> Result<Vec<Member>> {
    if profiles.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = dialect(conn);
    let ids: Vec<String> = profiles.iter().map(|it| (dialect.id)(it.uuid())).collect();
    let text = format!(
        "{OPEN}
SELECT kind, id, programme_id, profile_id, country FROM (
    SELECT kind, id, since, programme_id, profile_id, country, ROW_NUMBER() OVER (
        PARTITION BY kind, programme_id, profile_id, country ORDER BY since, id
    ) AS place
    FROM open_records WHERE profile_id IN ({})
) AS placed
WHERE place <= {most} ORDER BY since, id",
        ids.join(", ")
    );
    let query = diesel::sql_query(text);
    Ok(match conn {
        Conn::Sqlite(conn) => query.load(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => query.load(conn)?,
    })
}
