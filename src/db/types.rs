//! Columns that are native on each side: an id is `uuid` on PostgreSQL and
//! `BLOB(16)` on SQLite, an instant is `timestamptz` there and an `INTEGER`
//! of microseconds since 1970 here.
//!
//! JSON documents are `TEXT` on both. Their bytes are hashed and compared,
//! and `jsonb` would reorder the keys.
//!
//! Rows, filters and inserts use the domain's id types as they are, and
//! [`Id`] where any record may be meant. Rows read instants as
//! `DateTime<Utc>`; into a statement they go as [`Timestamp`], since
//! `AsExpression` can't be implemented for a foreign type.

use chrono::{DateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, HasSqlType, Nullable};
use diesel::sqlite::Sqlite;
use uuid::Uuid;

use super::conn::{MultiBackend, MultiRawValue};
use crate::domain::ids::{
    ApiKeyId, AskId, CommitmentId, DealId, DealTaskId, DocumentId, DocumentViewId, DuplicateId,
    EventId, ExportId, GrantId, ImportId, IntroductionId, InvestorProfileId, MandateId, MatchId,
    MergeId, OrganizationId, OutboxId, PipelineSetId, PracticeId, ProgrammeId, PulseId, ReferralId,
    ReleaseId, RematchId, RuleSetId, SavedViewId, SessionId, StartupProfileId, TagId, TicketId,
    UserId,
};

/// The SQL types, for `schema.rs`.
pub mod sql {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// `uuid` | `BLOB` of 16 bytes.
    #[derive(Debug, Clone, Copy, SqlType, QueryId)]
    #[diesel(sqlite_type(name = "Binary"))]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951))]
    pub struct Id;

    /// `timestamptz` | `INTEGER` microseconds since 1970-01-01T00:00:00Z. Not
    /// called `Timestamp`: `table!` would take it for diesel's, by its name.
    #[derive(Debug, Clone, Copy, SqlType, QueryId)]
    #[diesel(sqlite_type(name = "Long"))]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185))]
    pub struct UtcTimestamp;

    impl diesel::sql_types::SqlOrd for UtcTimestamp {}
}

/// The id of any record, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(Uuid);

impl Id {
    /// The UUID of any record.
    pub fn of(id: impl Into<Uuid>) -> Self {
        Self(id.into())
    }

    /// The bare UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for Id {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<Id> for Uuid {
    fn from(id: Id) -> Self {
        id.0
    }
}

/// An instant on its way into a statement, kept to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl HasSqlType<sql::Id> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<sql::Id>(lookup)
    }
}

impl HasSqlType<sql::UtcTimestamp> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<sql::UtcTimestamp>(lookup)
    }
}

impl FromSql<sql::Id, Sqlite> for Uuid {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self::from_slice(&bytes)?)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<sql::Id, diesel::pg::Pg> for Uuid {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        <Self as FromSql<diesel::sql_types::Uuid, diesel::pg::Pg>>::from_sql(value)
    }
}

impl FromSql<sql::Id, MultiBackend> for Uuid {
    fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, sql::Id>()
    }
}

impl FromSql<sql::UtcTimestamp, Sqlite> for DateTime<Utc> {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        Self::from_timestamp_micros(micros).ok_or_else(|| "an instant out of range".into())
    }
}

#[cfg(feature = "postgres")]
impl FromSql<sql::UtcTimestamp, diesel::pg::Pg> for DateTime<Utc> {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        <Self as FromSql<diesel::sql_types::Timestamptz, diesel::pg::Pg>>::from_sql(value)
    }
}

impl FromSql<sql::UtcTimestamp, MultiBackend> for DateTime<Utc> {
    fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, sql::UtcTimestamp>()
    }
}

impl ToSql<sql::UtcTimestamp, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl ToSql<sql::UtcTimestamp, diesel::pg::Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
        ToSql::<diesel::sql_types::Timestamptz, diesel::pg::Pg>::to_sql(&self.0, out)
    }
}

/// What a value needs to stand in a statement, given `ToSql` on each back-end.
macro_rules! bindable {
    (ids: $($value:ident),+ $(,)?) => {
        bindable! { Id: $($value),+ }
        $(
            impl ToSql<sql::Id, Sqlite> for $value {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    out.set_value(self.uuid().into_bytes().to_vec());
                    Ok(IsNull::No)
                }
            }

            #[cfg(feature = "postgres")]
            impl ToSql<sql::Id, diesel::pg::Pg> for $value {
                fn to_sql<'b>(
                    &'b self,
                    out: &mut Output<'b, '_, diesel::pg::Pg>,
                ) -> serialize::Result {
                    std::io::Write::write_all(out, self.uuid().as_bytes())?;
                    Ok(IsNull::No)
                }
            }

            impl<DB: Backend> FromSql<sql::Id, DB> for $value
            where
                Uuid: FromSql<sql::Id, DB>,
            {
                fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    Uuid::from_sql(value).map(Self::from)
                }
            }

            impl<DB: Backend> Queryable<sql::Id, DB> for $value
            where
                Self: FromSql<sql::Id, DB>,
            {
                type Row = Self;

                fn build(row: Self) -> deserialize::Result<Self> {
                    Ok(row)
                }
            }
        )+
    };
    ($sql:ident: $($value:ty),+ $(,)?) => {$(
        impl ToSql<sql::$sql, MultiBackend> for $value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((sql::$sql, self));
                Ok(IsNull::No)
            }
        }

        impl<DB: Backend> ToSql<Nullable<sql::$sql>, DB> for $value
        where
            $value: ToSql<sql::$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<sql::$sql, DB>::to_sql(self, out)
            }
        }

        impl AsExpression<sql::$sql> for $value {
            type Expression = Bound<sql::$sql, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl AsExpression<Nullable<sql::$sql>> for $value {
            type Expression = Bound<Nullable<sql::$sql>, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl AsExpression<sql::$sql> for &$value {
            type Expression = Bound<sql::$sql, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
    )+};
}

bindable! { UtcTimestamp: Timestamp }
bindable! { ids:
    Id, ApiKeyId, AskId, CommitmentId, DealId, DealTaskId, DocumentId, DocumentViewId, DuplicateId, EventId, ExportId, GrantId, ImportId, IntroductionId, InvestorProfileId, MandateId, MatchId, MergeId, OrganizationId, OutboxId, PipelineSetId, PracticeId, ProgrammeId, PulseId, ReferralId, ReleaseId, RematchId, RuleSetId, SavedViewId, SessionId, StartupProfileId, TagId, TicketId, UserId,
}
