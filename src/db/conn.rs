//! One connection type for both back-ends.

#[cfg(feature = "postgres")]
use diesel::PgConnection;
use diesel::SqliteConnection;

/// A connection to the store. Queries written against `&mut Conn` run on
/// either back-end; the few statements that can't are in `sql.rs`.
///
/// Never made with `Connection::establish`, which would try the variants in
/// turn: [`super::Url`] says which one is meant.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The bundled default.
    Sqlite(SqliteConnection),
    /// The second back-end, behind the feature `postgres`.
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// The back-end of [`Conn`]: whichever its connection has.
pub(super) type Backend = <Conn as diesel::Connection>::Backend;
