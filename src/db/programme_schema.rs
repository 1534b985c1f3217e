//! The tables of what programmes promise, sign and exchange, by hand; see
//! `schema.rs`.

use super::schema::{deals, mandates, programmes, startup_profiles};

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    commitments (id) {
        id -> Id,
        programme_id -> Id,
        goal -> Text,
        title -> Text,
        measure -> Text,
        target -> Text,
        target_number -> Nullable<BigInt>,
        target_currency -> Nullable<Text>,
        target_date -> Nullable<Date>,
        target_text -> Nullable<Text>,
        unit -> Nullable<Text>,
        due -> Date,
        owner_id -> Id,
        status -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_evidence (id) {
        id -> Id,
        programme_id -> Id,
        kind -> Text,
        happened_on -> Date,
        note -> Text,
        organization_id -> Nullable<Id>,
        given_by -> Id,
        state -> Text,
        commitment_id -> Nullable<Id>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        withdrawn_for -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    commitment_evidence (id) {
        id -> Id,
        commitment_id -> Id,
        kind -> Text,
        adds -> Text,
        number -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        happened_on -> Date,
        note -> Text,
        organization_id -> Nullable<Id>,
        given_by -> Id,
        created_at -> UtcTimestamp,
        replaces_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_departures (id) {
        id -> Id,
        programme_id -> Id,
        profile_id -> Nullable<Id>,
        mandate_id -> Nullable<Id>,
        admitted_at -> UtcTimestamp,
        withdrawn_at -> UtcTimestamp,
        withdrawn_by -> Id,
        reason -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::Id;

    programme_agreements (programme_id) {
        programme_id -> Id,
        notice_days -> BigInt,
        controlling -> Nullable<Text>,
        agreed_digest -> Nullable<Binary>,
        predecessor_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    programme_texts (programme_id, language) {
        programme_id -> Id,
        language -> Text,
        text -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_signatures (programme_id, place) {
        programme_id -> Id,
        place -> BigInt,
        organization_id -> Id,
        name -> Text,
        title -> Nullable<Text>,
        state -> Text,
        level -> Nullable<Text>,
        signed_on -> Nullable<Date>,
        evidence -> Nullable<Text>,
        digest -> Nullable<Binary>,
        reason -> Nullable<Text>,
        recorded_by -> Nullable<Id>,
        recorded_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_comments (id) {
        id -> Id,
        programme_id -> Id,
        organization_id -> Nullable<Id>,
        author_id -> Id,
        comment -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Date, Nullable, Text};
    use crate::db::types::sql::Id;

    deal_rounds (deal_id) {
        deal_id -> Id,
        currency -> Text,
        minimum -> BigInt,
        target -> BigInt,
        maximum -> BigInt,
        closes_on -> Date,
        rates_on -> Nullable<Date>,
        rates_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deal_participants (deal_id, organization_id) {
        deal_id -> Id,
        organization_id -> Id,
        lead -> Bool,
        interest -> Text,
        firmness -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        minimum -> Nullable<BigInt>,
        rates_on -> Nullable<Date>,
        updated_at -> UtcTimestamp,
        rates_digest -> Nullable<Binary>,
        closing -> Nullable<BigInt>,
        allocated -> Nullable<BigInt>,
        value_date -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::Id;

    deal_closings (deal_id, number) {
        deal_id -> Id,
        number -> BigInt,
        minimum -> BigInt,
        maximum -> BigInt,
        closes_on -> Date,
        status -> Text,
        closed_on -> Nullable<Date>,
        funded_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Date, Nullable};
    use crate::db::types::sql::Id;

    deal_locks (deal_id) {
        deal_id -> Id,
        rates_on -> Date,
        rates_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deal_seconds (deal_id, matter, person_id) {
        deal_id -> Id,
        matter -> Text,
        person_id -> Id,
        reason -> Text,
        created_at -> UtcTimestamp,
        kind -> Text,
        payer_id -> Nullable<Id>,
        camp -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    commitment_watch (commitment_id) {
        commitment_id -> Id,
        health -> Text,
        share -> BigInt,
        since -> UtcTimestamp,
        told_health -> Nullable<Text>,
        told_since -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_reasons (programme_id, version) {
        programme_id -> Id,
        version -> BigInt,
        action -> Text,
        from_status -> Text,
        reason -> Text,
        person_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(commitment_watch, commitments);
diesel::allow_tables_to_appear_in_same_query!(programme_agreements, programmes);
diesel::allow_tables_to_appear_in_same_query!(deal_participants, deals);
diesel::allow_tables_to_appear_in_same_query!(programme_departures, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(programme_departures, mandates);
