//! The tables of what people are told and of whom a question went to, by hand,
//! as in [`super::schema`] and held to the migrations with it.

use super::schema::{matches, outbox, users};

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    ask_delegates (ask_id) {
        ask_id -> Id,
        organization_id -> Id,
        email -> Text,
        email_key -> Text,
        name -> Nullable<Text>,
        language -> Text,
        zone -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_follow_ups (introduction_id) {
        introduction_id -> Id,
        sent_at -> UtcTimestamp,
        heard_at -> UtcTimestamp,
        closed_at -> Nullable<UtcTimestamp>,
        rounds -> Integer,
        next_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_pulses (id) {
        id -> Id,
        introduction_id -> Id,
        side -> Text,
        kind -> Text,
        expires_at -> UtcTimestamp,
        answer -> Nullable<Text>,
        answered_at -> Nullable<UtcTimestamp>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    mail_suppressions (id) {
        id -> Id,
        email -> Text,
        email_key -> Text,
        reason -> Text,
        note -> Nullable<Text>,
        created_by -> Nullable<Id>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::UtcTimestamp;

    mail_opt_outs (email_key, topic) {
        email_key -> Text,
        topic -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::UtcTimestamp;

    mail_event_opt_outs (email_key, event) {
        email_key -> Text,
        event -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    mail_recipients (message_id, email_key) {
        message_id -> Id,
        email_key -> Text,
        email -> Text,
        created_at -> UtcTimestamp,
        return_id -> Nullable<Id>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    mail_bounces (id) {
        id -> Id,
        fingerprint -> Text,
        source -> Text,
        outcome -> Text,
        message_id -> Nullable<Id>,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        kind -> Nullable<Text>,
        status -> Nullable<Text>,
        diagnostic -> Nullable<Text>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    mail_copies (message_id) {
        message_id -> Id,
        subject -> Text,
        body_text -> Text,
        body_html -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    digest_told (match_id, user_id) {
        match_id -> Id,
        user_id -> Id,
        told_at -> UtcTimestamp,
    }
}

diesel::joinable!(digest_told -> matches (match_id));
diesel::allow_tables_to_appear_in_same_query!(digest_told, matches);
diesel::allow_tables_to_appear_in_same_query!(mail_bounces, mail_suppressions);
diesel::allow_tables_to_appear_in_same_query!(mail_recipients, outbox);
diesel::allow_tables_to_appear_in_same_query!(introduction_consents, users);

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::UtcTimestamp;

    mail_rounds (name) {
        name -> Text,
        done_to -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_consents (id) {
        id -> Id,
        introduction_id -> Id,
        side -> Text,
        user_id -> Nullable<Id>,
        email_key -> Text,
        person_name -> Text,
        person_role -> Nullable<Text>,
        operator -> Text,
        law -> Text,
        text -> Text,
        text_hash -> Binary,
        language -> Text,
        method -> Text,
        country -> Nullable<Text>,
        given_at -> UtcTimestamp,
        valid_to -> UtcTimestamp,
        withdrawn_at -> Nullable<UtcTimestamp>,
        curator_copy -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_slots (introduction_id, side, place) {
        introduction_id -> Id,
        side -> Text,
        place -> Integer,
        starts_at -> UtcTimestamp,
        minutes -> Integer,
        zone -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_meetings (introduction_id) {
        introduction_id -> Id,
        sequence -> Integer,
        status -> Text,
        starts_at -> UtcTimestamp,
        minutes -> Integer,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_meeting_answers (introduction_id, side) {
        introduction_id -> Id,
        side -> Text,
        sequence -> Integer,
        answer -> Text,
        written_at -> UtcTimestamp,
        starts_at -> Nullable<UtcTimestamp>,
        minutes -> Nullable<Integer>,
        read_at -> UtcTimestamp,
    }
}
