//! The tables of what money is worth, by hand, as in [`super::schema`] and
//! held to the migrations with it.

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    rate_batches (id) {
        id -> Id,
        source -> Text,
        made_by -> Nullable<Id>,
        quotes -> BigInt,
        first_day -> Date,
        last_day -> Date,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
    use crate::db::types::sql::Id;

    rate_quotes (source, base, quote, quoted_on) {
        source -> Text,
        base -> Text,
        quote -> Text,
        quoted_on -> Date,
        nominal -> BigInt,
        mantissa -> BigInt,
        scale -> Integer,
        batch_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};

    rate_locks (digest) {
        digest -> Binary,
        document -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Date, Nullable};

    rate_days (rates_on) {
        rates_on -> Date,
        digest -> Nullable<Binary>,
    }
}
