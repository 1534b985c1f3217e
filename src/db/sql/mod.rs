//! The statements that have to differ between the back-ends, or that diesel's
//! `MultiConnection` can't carry: two visible arms each, and nothing else.

pub(super) mod batches;
pub(super) mod search;
pub(super) mod waiting;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_dsl::methods::{self, ExecuteDsl};
use diesel::sql_types::{Nullable, Text};

use super::events::Placed;
use super::idempotency::Slot;
use super::organizations::Row as OrganizationRow;
use super::outbox::{NewMessage, Row as OutboxRow};
use super::prepared::Prepare;
use super::schema::{
    consumers, events, idempotency_keys, introductions, leases, log_head, mandates, organizations,
    outbox, secrets, users,
};
use super::types::sql::UtcTimestamp;
use super::types::{Id, Timestamp};
use super::{Conn, Result, trace};
use crate::domain::ids::{IntroductionId, MandateId, OrganizationId, UserId};

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
#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unnecessary_wraps, reason = "PostgreSQL's arm can fail")
)]
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

/// SQLite has one writer; PostgreSQL has whoever else puts the service's own
/// pipelines on record wait until the commit: those of no programme are under no
/// unique index.
#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unnecessary_wraps, reason = "PostgreSQL's arm can fail")
)]
pub(super) fn lock_pipelines(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(_) => {}
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            diesel::sql_query("SELECT pg_advisory_xact_lock(4711009)").execute(conn)?;
        }
    }
    Ok(())
}

/// SQLite has one writer; PostgreSQL has whoever else imports records of the
/// operator's wait until the commit, since neither would see the firms that the
/// other has not committed.
#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unnecessary_wraps, reason = "PostgreSQL's arm can fail")
)]
pub(super) fn lock_records(conn: &mut Conn) -> Result<()> {
    match conn {
        Conn::Sqlite(_) => {}
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            diesel::sql_query("SELECT pg_advisory_xact_lock(4711005)").execute(conn)?;
        }
    }
    Ok(())
}

/// SQLite has one writer; PostgreSQL has whoever else begins something between
/// the two firms wait until the commit, since neither would see what the other
/// has not committed.
#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unnecessary_wraps, reason = "PostgreSQL's arm can fail")
)]
pub(super) fn lock_pair(conn: &mut Conn, pair: (OrganizationId, OrganizationId)) -> Result<()> {
    match (conn, pair) {
        (Conn::Sqlite(_), _) => {}
        #[cfg(feature = "postgres")]
        (Conn::Postgres(conn), (lower, upper)) => {
            diesel::sql_query("SELECT pg_advisory_xact_lock(4711007, hashtext($1))")
                .bind::<Text, _>(format!("{lower} {upper}"))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// SQLite has one writer; PostgreSQL keeps the row from being changed until the
/// commit, and lets others keep it too.
pub(super) fn share_organization(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<Option<OrganizationRow>> {
    let row = organizations::table.find(id);
    Ok(match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => row.for_share().first(conn).optional()?,
    })
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
            .prepared()
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

/// Takes a slot that is free or was kept long enough, and answers how many that
/// were: on PostgreSQL a twin waits here for the first one's commit.
pub(super) fn take_idempotency(
    conn: &mut Conn,
    slot: &Slot,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<usize> {
    let key = (
        idempotency_keys::principal,
        idempotency_keys::route,
        idempotency_keys::key,
    );
    let fresh = (
        idempotency_keys::fingerprint.eq(&fingerprint[..]),
        idempotency_keys::outcome.eq(None::<&str>),
        idempotency_keys::created_at.eq(Timestamp(now)),
        idempotency_keys::expires_at.eq(Timestamp(expires_at)),
        idempotency_keys::told.eq(None::<&str>),
    );
    let take = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::principal.eq(&slot.principal),
            idempotency_keys::route.eq(&slot.route),
            idempotency_keys::key.eq(&slot.key),
            fresh,
        ))
        .on_conflict(key)
        .do_update()
        .set(fresh);
    let expired = idempotency_keys::expires_at.le(Timestamp(now));
    execute(conn, methods::FilterDsl::filter(take, expired).prepared())
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
            outbox::trace_id.eq(trace::of_job().map(|trace| trace.to_string())),
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
    // What it is dated stays the same on every attempt.
    let first_tried = diesel::dsl::case_when(
        outbox::first_tried_at.is_null(),
        Some(now).into_sql::<Nullable<UtcTimestamp>>(),
    )
    .otherwise(outbox::first_tried_at);
    let claim = (
        outbox::holder.eq(Some(holder)),
        outbox::available_at.eq(until),
        outbox::attempts.eq(outbox::attempts + 1),
        outbox::first_tried_at.eq(first_tried),
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
