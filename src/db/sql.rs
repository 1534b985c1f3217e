//! The statements that have to differ between the back-ends, or that diesel's
//! `MultiConnection` can't carry: two visible arms each, and nothing else.

use chrono::{DateTime, Utc};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::Sqlite;

use super::events::Placed;
use super::idempotency::Slot;
use super::outbox::{NewMessage, Row as OutboxRow};
use super::prepared::Prepare;
use super::schema::{
    consumers, events, idempotency_keys, introductions, leases, log_head, mandates, organizations,
    outbox, secrets, users,
};
use super::search::{Found, Wanted};
use super::types::{Id, Timestamp};
use super::{Conn, Result};
use crate::domain::ids::{IntroductionId, MandateId, OrganizationId, UserId};
use crate::domain::search::{Document, Fit, Place, Query, Term};

/// A statement that each back-end runs, though [`Conn`] as a whole can't:
/// above all one with `ON CONFLICT`.
#[cfg(not(feature = "postgres"))]
pub(super) trait OnEach: ExecuteDsl<SqliteConnection> {}
#[cfg(not(feature = "postgres"))]
impl<S: ExecuteDsl<SqliteConnection>> OnEach for S {}

/// A statement that each back-end runs, though [`Conn`] as a whole can't:
/// above all one with `ON CONFLICT`.
#[cfg(feature = "postgres")]
pub(super) trait OnEach: ExecuteDsl<SqliteConnection> + ExecuteDsl<PgConnection> {}
#[cfg(feature = "postgres")]
impl<S: ExecuteDsl<SqliteConnection> + ExecuteDsl<PgConnection>> OnEach for S {}

/// Runs the statement and answers how many rows it touched.
pub(super) fn execute(conn: &mut Conn, statement: impl OnEach) -> Result<usize> {
    Ok(match conn {
        Conn::Sqlite(conn) => ExecuteDsl::<SqliteConnection>::execute(statement, conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => ExecuteDsl::<PgConnection>::execute(statement, conn)?,
    })
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    found: bool,
}

pub(super) fn has_table(conn: &mut Conn, name: &str) -> Result<bool> {
    let Exists { found } = match conn {
        Conn::Sqlite(conn) => diesel::sql_query(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?) AS found",
        )
        .bind::<Text, _>(name)
        .get_result(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => diesel::sql_query("SELECT to_regclass($1) IS NOT NULL AS found")
            .bind::<Text, _>(name)
            .get_result(conn)?,
    };
    Ok(found)
}

/// SQLite has one writer; PostgreSQL locks the row until the commit.
pub(super) fn lock_head(conn: &mut Conn) -> Result<(i64, Vec<u8>)> {
    let head = log_head::table.select((log_head::position, log_head::hash));
    Ok(match conn {
        Conn::Sqlite(conn) => head.first(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => head.for_update().first(conn)?,
    })
}

/// SQLite has one writer; PostgreSQL locks the row until the commit, and lets
/// others refer to it meanwhile.
pub(super) fn lock_mandate(conn: &mut Conn, id: MandateId) -> Result<()> {
    let row = mandates::table.find(id).select(mandates::id);
    let _: MandateId = match conn {
        Conn::Sqlite(conn) => row.first(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => row.for_no_key_update().first(conn)?,
    };
    Ok(())
}

/// SQLite has one writer; PostgreSQL locks the row until the commit, and lets
/// others refer to it meanwhile.
pub(super) fn lock_organization(conn: &mut Conn, id: OrganizationId) -> Result<()> {
    let row = organizations::table.find(id).select(organizations::id);
    let _: Option<OrganizationId> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => row.for_no_key_update().first(conn).optional()?,
    };
    Ok(())
}

/// SQLite has one writer; PostgreSQL has whoever else looks for duplicates wait
/// until the commit, since neither would see what the other has not committed.
pub(super) fn lock_duplicates(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(_) => {}
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            diesel::sql_query("SELECT pg_advisory_xact_lock(4711003)").execute(conn)?;
        }
    }
    Ok(())
}

/// SQLite has one writer; PostgreSQL keeps the row from being changed until the
/// commit, and lets others keep it too.
pub(super) fn share_organization(conn: &mut Conn, id: OrganizationId) -> Result<()> {
    let row = organizations::table.find(id).select(organizations::id);
    let _: Option<OrganizationId> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => row.for_share().first(conn).optional()?,
    };
    Ok(())
}

/// SQLite has one writer; PostgreSQL locks the row until the commit, and lets
/// others refer to it meanwhile.
pub(super) fn lock_password_hash(conn: &mut Conn, id: UserId) -> Result<Option<String>> {
    let row = users::table
        .find(id)
        .filter(users::disabled_at.is_null())
        .select(users::password_hash);
    Ok(match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => row.for_no_key_update().first(conn).optional()?,
    })
}

/// SQLite has one writer; PostgreSQL locks the row until the commit, and lets
/// others refer to it meanwhile.
pub(super) fn lock_introduction(conn: &mut Conn, id: IntroductionId) -> Result<()> {
    let row = introductions::table.find(id).select(introductions::id);
    let _: Option<IntroductionId> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => row.for_no_key_update().first(conn).optional()?,
    };
    Ok(())
}

/// A prepared statement per row costs SQLite nothing; PostgreSQL gets all
/// rows in one round trip.
pub(super) fn place_events(conn: &mut Conn, placed: &[Placed]) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            for Placed {
                seq,
                position,
                hash,
            } in placed
            {
                diesel::update(events::table.find(seq))
                    .set((events::position.eq(position), events::hash.eq(&hash[..])))
                    .prepared()
                    .execute(conn)?;
            }
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            use diesel::sql_types::{Array, BigInt, Binary};
            let seqs: Vec<i64> = placed.iter().map(|it| it.seq).collect();
            let positions: Vec<i64> = placed.iter().map(|it| it.position).collect();
            let hashes: Vec<&[u8]> = placed.iter().map(|it| &it.hash[..]).collect();
            diesel::sql_query(
                "UPDATE events SET position = placed.position, hash = placed.hash
                 FROM unnest($1, $2, $3) AS placed (seq, position, hash)
                 WHERE events.seq = placed.seq",
            )
            .bind::<Array<BigInt>, _>(seqs)
            .bind::<Array<BigInt>, _>(positions)
            .bind::<Array<Binary>, _>(hashes)
            .execute(conn)?;
        }
    }
    Ok(())
}

pub(super) fn insert_consumer(conn: &mut Conn, name: &str, position: i64) -> Result<usize> {
    let insert = diesel::insert_into(consumers::table)
        .values((consumers::name.eq(name), consumers::position.eq(position)))
        .on_conflict_do_nothing();
    Ok(match conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => insert.execute(conn)?,
    })
}

pub(super) fn insert_lease(
    conn: &mut Conn,
    name: &str,
    holder: Id,
    until: Timestamp,
) -> Result<usize> {
    let insert = diesel::insert_into(leases::table)
        .values((
            leases::name.eq(name),
            leases::holder.eq(holder),
            leases::until.eq(until),
        ))
        .on_conflict_do_nothing();
    Ok(match conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => insert.execute(conn)?,
    })
}

pub(super) fn insert_secret(
    conn: &mut Conn,
    name: &str,
    sealed: &[u8],
    now: Timestamp,
) -> Result<usize> {
    let insert = diesel::insert_into(secrets::table)
        .values((
            secrets::name.eq(name),
            secrets::sealed.eq(sealed),
            secrets::created_at.eq(now),
        ))
        .on_conflict_do_nothing();
    Ok(match conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => insert.execute(conn)?,
    })
}

/// On PostgreSQL a twin's insert waits here for the first one's commit.
pub(super) fn insert_idempotency(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<usize> {
    let insert = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::principal.eq(&slot.principal),
            idempotency_keys::route.eq(&slot.route),
            idempotency_keys::key.eq(&slot.key),
            idempotency_keys::fingerprint.eq(&fingerprint[..]),
            idempotency_keys::created_at.eq(Timestamp(now)),
            idempotency_keys::expires_at.eq(Timestamp(expires_at)),
        ))
        .on_conflict_do_nothing();
    Ok(match conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => insert.execute(conn)?,
    })
}

pub(super) fn insert_outbox(
    conn: &mut Conn,
    message: &NewMessage<'_>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let insert = diesel::insert_into(outbox::table)
        .values((
            outbox::id.eq(message.id),
            outbox::intent_key.eq(message.intent_key),
            outbox::kind.eq(message.kind),
            outbox::subject_kind.eq(message.subject.kind.code()),
            outbox::subject_id.eq(Id::of(message.subject.id)),
            outbox::payload.eq(&message.payload),
            outbox::message_id.eq(message.message_id.as_deref()),
            outbox::state.eq("pending"),
            outbox::attempts.eq(0),
            outbox::available_at.eq(Timestamp(message.available_at)),
            outbox::created_at.eq(Timestamp(now)),
        ))
        .on_conflict(outbox::intent_key)
        .do_nothing();
    Ok(match conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => insert.execute(conn)?,
    })
}

/// PostgreSQL's claimers step over the rows that another one is taking.
pub(super) fn claim_outbox(
    conn: &mut Conn,
    holder: Id,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<OutboxRow>> {
    let due = diesel::alias!(outbox as due);
    let ids = due
        .filter(due.field(outbox::state).eq("pending"))
        .filter(due.field(outbox::available_at).le(now))
        .order(due.field(outbox::available_at))
        .limit(limit)
        .select(due.field(outbox::id));
    let claim = (
        outbox::holder.eq(Some(holder)),
        outbox::available_at.eq(until),
        outbox::attempts.eq(outbox::attempts + 1),
    );
    Ok(match conn {
        Conn::Sqlite(conn) => diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
            .set(claim)
            .returning(outbox::all_columns)
            .get_results(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            diesel::update(outbox::table.filter(outbox::id.eq_any(ids.for_update().skip_locked())))
                .set(claim)
                .returning(outbox::all_columns)
                .get_results(conn)?
        }
    })
}

/// Stores the words of a record, in place of those that were there.
pub(super) fn put_search_text(
    conn: &mut Conn,
    place: i64,
    new: bool,
    document: &Document,
) -> Result<()> {
    let Document {
        names,
        headline,
        body,
        facets,
    } = document;
    match conn {
        Conn::Sqlite(conn) => {
            if !new {
                diesel::sql_query("DELETE FROM search_text WHERE rowid = ?")
                    .bind::<BigInt, _>(place)
                    .execute(conn)?;
            }
            let mut insert = diesel::sql_query(
                "INSERT INTO search_text (rowid, names, headline, body, facets)
                 VALUES (?, ?, ?, ?, ?)",
            )
            .into_boxed::<Sqlite>()
            .bind::<BigInt, _>(place);
            for words in [names, headline, body, facets] {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                insert = insert.bind::<Text, _>(words.join(" "));
            }
            insert.prepared().execute(conn)?;
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            // A vector's own notation; positions tell the fields apart.
            let fields = [
                (names, "1A"),
                (headline, "2B"),
                (body, "3C"),
                (facets, "4D"),
            ];
            let words = fields
                .iter()
                .flat_map(|(words, mark)| words.iter().map(move |word| format!("'{word}':{mark}")));
            let document: Vec<String> = words.collect();
            diesel::sql_query(
                "INSERT INTO search_text (place, document) VALUES ($1, CAST($2 AS tsvector))
                 ON CONFLICT (place) DO UPDATE SET document = excluded.document",
            )
            .bind::<BigInt, _>(place)
            .bind::<Text, _>(document.join(" "))
            .prepared()
            .execute(conn)?;
        }
    }
    Ok(())
}

/// Of each group one term, as FTS5 wants it said. Every word is quoted, and
/// none holds a quote.
fn fts5(groups: &[Vec<Term>]) -> String {
    let term = |term: &Term| {
        let columns = match term.place {
            Place::Names => "{names}",
            Place::NamesAndHeadline => "{names headline}",
            Place::Anywhere => "{names headline body}",
            Place::Facets => "{facets}",
        };
        let begins = if term.begins { " *" } else { "" };
        format!("{columns} : \"{}\"{begins}", term.word)
    };
    all_of_one(groups, " AND ", " OR ", term)
}

/// The same in the notation of `tsquery`.
#[cfg(feature = "postgres")]
fn tsquery(groups: &[Vec<Term>]) -> String {
    let term = |term: &Term| {
        let weights = match term.place {
            Place::Names => "A",
            Place::NamesAndHeadline => "AB",
            Place::Anywhere => "ABC",
            Place::Facets => "D",
        };
        let begins = if term.begins { "*" } else { "" };
        format!("'{}':{begins}{weights}", term.word)
    };
    all_of_one(groups, " & ", " | ", term)
}

fn all_of_one(groups: &[Vec<Term>], and: &str, or: &str, term: impl Fn(&Term) -> String) -> String {
    let group = |terms: &Vec<Term>| {
        let terms: Vec<String> = terms.iter().map(&term).collect();
        format!("({})", terms.join(or))
    };
    let groups: Vec<String> = groups.iter().map(group).collect();
    groups.join(and)
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = super::types::sql::Id)]
    record_id: Id,
}

/// On each side the words' index is asked first, unless it is about one firm:
/// then only that firm's words are looked at, so that the time it takes says
/// nothing about others'.
pub(super) fn search_places(conn: &mut Conn, wanted: &Wanted<'_>) -> Result<Vec<Found>> {
    let rows: Vec<FoundRow> = match conn {
        Conn::Sqlite(conn) => {
            let mut words = fts5(wanted.terms);
            if let Some(unlike) = wanted.unlike {
                words = format!("({words}) NOT ({})", fts5(unlike));
            }
            // By the index that is walked, or SQLite sorts all that it finds.
            let (start, order) = match wanted.owner {
                None => (
                    "FROM search_text
                     CROSS JOIN search_entries AS e ON e.place = search_text.rowid
                     WHERE search_text MATCH ? AND search_text.rowid > ? AND e.kind = ?",
                    "search_text.rowid",
                ),
                Some(_) => (
                    "FROM search_entries AS e
                     CROSS JOIN search_text ON search_text.rowid = e.place
                     WHERE search_text MATCH ? AND e.place > ? AND e.kind = ?
                           AND e.organization_id = ?",
                    "e.place",
                ),
            };
            let mut query = diesel::sql_query(format!(
                "SELECT e.place, e.record_id {start} ORDER BY {order} LIMIT {}",
                wanted.limit
            ))
            .into_boxed::<Sqlite>()
            .bind::<Text, _>(words)
            .bind::<BigInt, _>(wanted.after)
            .bind::<Text, _>(wanted.kind);
            if let Some(owner) = wanted.owner {
                query = query.bind::<super::types::sql::Id, _>(owner);
            }
            query.load(conn)?
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            let mut words = tsquery(wanted.terms);
            if let Some(unlike) = wanted.unlike {
                words = format!("({words}) & !({})", tsquery(unlike));
            }
            let start = match wanted.owner {
                None => {
                    "WITH found AS MATERIALIZED (
                         SELECT place FROM search_text WHERE document @@ CAST($1 AS tsquery)
                     )
                     SELECT e.place, e.record_id FROM found JOIN search_entries AS e USING (place)
                     WHERE e.place > $2 AND e.kind = $3"
                }
                Some(_) => {
                    "WITH own AS MATERIALIZED (
                         SELECT place, record_id FROM search_entries
                         WHERE place > $2 AND kind = $3 AND organization_id = $4
                     )
                     SELECT e.place, e.record_id FROM own AS e JOIN search_text AS t USING (place)
                     WHERE t.document @@ CAST($1 AS tsquery)"
                }
            };
            let mut query =
                diesel::sql_query(format!("{start} ORDER BY e.place LIMIT {}", wanted.limit))
                    .into_boxed::<diesel::pg::Pg>()
                    .bind::<Text, _>(words)
                    .bind::<BigInt, _>(wanted.after)
                    .bind::<Text, _>(wanted.kind);
            if let Some(owner) = wanted.owner {
                query = query.bind::<super::types::sql::Id, _>(owner);
            }
            query.load(conn)?
        }
    };
    let found = |row: FoundRow| Found {
        place: row.place,
        record: row.record_id.uuid(),
    };
    Ok(rows.into_iter().map(found).collect())
}

/// The condition that a record of that table is found by a query. Where the
/// list is one firm's (`owned`), each record is asked for by itself, so that
/// the time it takes says nothing about others'.
pub(super) fn found_by(conn: &Conn, table: &'static str, query: &Query, owned: bool) -> FoundBy {
    let groups = query.terms(Fit::Anywhere);
    let (start, words, end) = match conn {
        Conn::Sqlite(_) if owned => (
            format!(
                "EXISTS (SELECT 1 FROM search_entries AS e
                 CROSS JOIN search_text ON search_text.rowid = e.place
                 WHERE e.record_id = {table}.id AND search_text MATCH "
            ),
            fts5(&groups),
            ")",
        ),
        Conn::Sqlite(_) => (
            format!(
                "{table}.id IN (SELECT record_id FROM search_entries WHERE place IN
                 (SELECT rowid FROM search_text WHERE search_text MATCH "
            ),
            fts5(&groups),
            "))",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) if owned => (
            format!(
                "EXISTS (SELECT 1 FROM search_entries AS e JOIN search_text AS t USING (place)
                 WHERE e.record_id = {table}.id AND t.document @@ CAST("
            ),
            tsquery(&groups),
            " AS tsquery))",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => (
            format!(
                "{table}.id IN (SELECT e.record_id FROM search_entries AS e
                 JOIN search_text AS t USING (place) WHERE t.document @@ CAST("
            ),
            tsquery(&groups),
            " AS tsquery))",
        ),
    };
    diesel::dsl::sql::<Bool>(&start)
        .bind::<Text, _>(words)
        .sql(end)
}

/// The type of [`found_by`].
pub(super) type FoundBy =
    SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, diesel::dsl::AsExprOf<String, Text>>>;
