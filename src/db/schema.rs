//! The tables, by hand: `tests/it/db/agreement.rs` holds this file and both
//! folders of migrations to each other.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    events (seq) {
        seq -> BigInt,
        position -> Nullable<BigInt>,
        hash -> Nullable<Binary>,
        id -> Id,
        at -> UtcTimestamp,
        kind -> Text,
        subject_kind -> Text,
        subject_id -> Id,
        actor_kind -> Text,
        actor_id -> Nullable<Id>,
        payload -> Text,
    }
}

diesel::table! {
    log_head (id) {
        id -> Integer,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    consumers (name) {
        name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    leases (name) {
        name -> Text,
        holder -> Id,
        until -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    outbox (id) {
        id -> Id,
        intent_key -> Text,
        kind -> Text,
        subject_kind -> Text,
        subject_id -> Id,
        payload -> Text,
        message_id -> Nullable<Text>,
        state -> Text,
        attempts -> Integer,
        available_at -> UtcTimestamp,
        holder -> Nullable<Id>,
        last_error -> Nullable<Text>,
        created_at -> UtcTimestamp,
        finished_at -> Nullable<UtcTimestamp>,
        sending_since -> Nullable<UtcTimestamp>,
        bounced_at -> Nullable<UtcTimestamp>,
        hold -> Nullable<Text>,
        last_answer -> Nullable<Text>,
        doubts -> Integer,
        first_tried_at -> Nullable<UtcTimestamp>,
        unserved_since -> Nullable<UtcTimestamp>,
        unserved_domain -> Nullable<Text>,
        trace_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::db::types::sql::UtcTimestamp;

    idempotency_keys (principal, route, key) {
        principal -> Text,
        route -> Text,
        key -> Text,
        fingerprint -> Binary,
        outcome -> Nullable<Text>,
        created_at -> UtcTimestamp,
        expires_at -> UtcTimestamp,
        told -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::Bool;
    use crate::db::types::sql::UtcTimestamp;

    forgotten_answers (at) {
        at -> UtcTimestamp,
        swept -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::db::types::sql::UtcTimestamp;

    secrets (name) {
        name -> Text,
        sealed -> Binary,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    organizations (id) {
        id -> Id,
        kind -> Text,
        legal_name -> Text,
        trade_name -> Nullable<Text>,
        names -> Text,
        country -> Nullable<Text>,
        website -> Nullable<Text>,
        external_id -> Nullable<Text>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    organization_identifiers (scheme, value) {
        scheme -> Text,
        value -> Text,
        organization_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    users (id) {
        id -> Id,
        email -> Text,
        email_key -> Text,
        name -> Text,
        language -> Text,
        zone -> Text,
        password_hash -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        disabled_at -> Nullable<UtcTimestamp>,
        parts_version -> BigInt,
        erased_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    memberships (user_id, organization_id, role) {
        user_id -> Id,
        organization_id -> Id,
        role -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    startup_profiles (id) {
        id -> Id,
        organization_id -> Id,
        country -> Nullable<Text>,
        status -> Text,
        claimed -> Bool,
        revision -> BigInt,
        content -> Text,
        compliance_agreed_revision -> Nullable<BigInt>,
        published_at -> Nullable<UtcTimestamp>,
        reconfirm_by -> Nullable<Date>,
        rejected_at -> Nullable<UtcTimestamp>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        round_currency -> Nullable<Text>,
        round_target -> Nullable<BigInt>,
        round_low -> Nullable<BigInt>,
        round_high -> Nullable<BigInt>,
        round_closes -> Nullable<Date>,
        compliance_agreed_by -> Nullable<Id>,
        team_size -> Nullable<BigInt>,
        customers -> Nullable<BigInt>,
        pilots -> Nullable<BigInt>,
        growth -> Nullable<BigInt>,
        revenue_currency -> Nullable<Text>,
        revenue -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    startup_profile_revisions (profile_id, revision) {
        profile_id -> Id,
        revision -> BigInt,
        content -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    review_comments (id) {
        id -> Id,
        profile_id -> Id,
        revision -> BigInt,
        pointer -> Text,
        comment -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    mandates (id) {
        id -> Id,
        organization_id -> Id,
        country -> Nullable<Text>,
        status -> Text,
        claimed -> Bool,
        revision -> BigInt,
        content -> Text,
        published_at -> Nullable<UtcTimestamp>,
        reconfirm_by -> Nullable<Date>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        cheque_currency -> Nullable<Text>,
        cheque_min -> Nullable<BigInt>,
        cheque_max -> Nullable<BigInt>,
        active_from -> Nullable<Date>,
        active_to -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    mandate_revisions (mandate_id, revision) {
        mandate_id -> Id,
        revision -> BigInt,
        content -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    rule_sets (id) {
        id -> Id,
        name -> Text,
        document -> Text,
        document_hash -> Binary,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    programmes (id) {
        id -> Id,
        slug -> Text,
        title -> Text,
        scope_tags -> Text,
        starts_on -> Date,
        ends_on -> Date,
        rule_set_id -> Id,
        status -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    programme_corridors (programme_id, startup_country, investor_country) {
        programme_id -> Id,
        startup_country -> Text,
        investor_country -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::Id;

    programme_parties (programme_id, organization_id) {
        programme_id -> Id,
        organization_id -> Id,
        role -> Text,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_startups (programme_id, profile_id) {
        programme_id -> Id,
        profile_id -> Id,
        admitted_at -> UtcTimestamp,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    programme_mandates (programme_id, mandate_id) {
        programme_id -> Id,
        mandate_id -> Id,
        admitted_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    clearances (id) {
        id -> Id,
        organization_id -> Id,
        verdict -> Text,
        basis -> Text,
        valid_to -> Date,
        recorded_by -> Id,
        created_at -> UtcTimestamp,
        evidence -> Nullable<Text>,
        evidence_sha256 -> Nullable<Binary>,
        source_of_funds -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    disclosures (id) {
        id -> Id,
        programme_id -> Id,
        shown_organization_id -> Id,
        shown_to_organization_id -> Id,
        level -> Text,
        subject_kind -> Text,
        subject_id -> Id,
        created_at -> UtcTimestamp,
        decision_id -> Nullable<Id>,
        verdict -> Nullable<Text>,
        rules -> Nullable<Text>,
        revision -> Nullable<BigInt>,
        opened_by -> Nullable<Id>,
        by_link -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    matches (id) {
        id -> Id,
        programme_id -> Id,
        startup_profile_id -> Id,
        startup_revision -> BigInt,
        startup_id -> Id,
        mandate_id -> Id,
        mandate_revision -> BigInt,
        investor_id -> Id,
        rule_set_id -> Id,
        score -> BigInt,
        confidence -> BigInt,
        exact -> BigInt,
        explanation -> Text,
        status -> Text,
        released_to -> Nullable<Text>,
        startup_response -> Text,
        investor_response -> Text,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        grounds -> Nullable<Text>,
        startup_snoozed_until -> Nullable<UtcTimestamp>,
        investor_snoozed_until -> Nullable<UtcTimestamp>,
        wakes_at -> Nullable<UtcTimestamp>,
        startup_shown_at -> Nullable<UtcTimestamp>,
        investor_shown_at -> Nullable<UtcTimestamp>,
        curation -> Nullable<Text>,
        band -> Text,
        startup_version -> BigInt,
        investor_version -> BigInt,
        startup_updated_at -> UtcTimestamp,
        investor_updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::db::types::sql::UtcTimestamp;

    taxonomies (hash) {
        hash -> Binary,
        document -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    pair_suppressions (lower_organization_id, upper_organization_id) {
        lower_organization_id -> Id,
        upper_organization_id -> Id,
        until -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introductions (id) {
        id -> Id,
        programme_id -> Id,
        match_id -> Id,
        startup_profile_id -> Id,
        startup_id -> Id,
        mandate_id -> Id,
        investor_id -> Id,
        lower_organization_id -> Id,
        upper_organization_id -> Id,
        requester -> Text,
        requested_by -> Id,
        blurb -> Text,
        status -> Text,
        startup_accepted -> Bool,
        investor_accepted -> Bool,
        extended -> Bool,
        convert_reported_by -> Nullable<Text>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        partner_id -> Nullable<Id>,
        frozen_from -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_asks (id) {
        id -> Id,
        introduction_id -> Id,
        side -> Text,
        person_id -> Id,
        state -> Text,
        expires_at -> UtcTimestamp,
        created_at -> UtcTimestamp,
        remind_at -> Nullable<UtcTimestamp>,
        reminders -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    introduction_answers (id) {
        id -> Id,
        introduction_id -> Id,
        side -> Text,
        ask_id -> Nullable<Id>,
        answer -> Text,
        reason -> Nullable<Text>,
        reason_shared -> Bool,
        note -> Nullable<Text>,
        until -> Nullable<UtcTimestamp>,
        person_name -> Text,
        person_role -> Nullable<Text>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deals (id) {
        id -> Id,
        programme_id -> Id,
        match_id -> Nullable<Id>,
        introduction_id -> Nullable<Id>,
        startup_profile_id -> Id,
        startup_id -> Id,
        mandate_id -> Id,
        investor_id -> Id,
        pipeline -> Text,
        stage -> Text,
        stage_entered_at -> UtcTimestamp,
        status -> Text,
        resume_on -> Nullable<Date>,
        close_code -> Nullable<Text>,
        reported_by -> Nullable<Text>,
        facts -> Text,
        startup_funding -> Nullable<Text>,
        investor_funding -> Nullable<Text>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        pipeline_set_id -> Nullable<Id>,
        opened_by_id -> Nullable<Id>,
        opened_reason -> Nullable<Text>,
        opened_evidence -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    deal_notes (id) {
        id -> Id,
        deal_id -> Id,
        action -> Text,
        note -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
        visibility -> Text,
        camp -> Text,
        state -> Text,
        first_cleared_by -> Nullable<Id>,
        screened -> Bool,
        gate_only -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(events, deals);
diesel::allow_tables_to_appear_in_same_query!(events, introductions);
diesel::allow_tables_to_appear_in_same_query!(events, log_head);
diesel::allow_tables_to_appear_in_same_query!(idempotency_keys, forgotten_answers);

diesel::joinable!(introduction_answers -> introductions (introduction_id));
diesel::joinable!(introduction_asks -> introductions (introduction_id));
diesel::joinable!(memberships -> organizations (organization_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(programme_startups -> startup_profiles (profile_id));
diesel::joinable!(programme_mandates -> mandates (mandate_id));
diesel::allow_tables_to_appear_in_same_query!(clearances, mandates);
diesel::allow_tables_to_appear_in_same_query!(clearances, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(disclosures, introductions);
diesel::allow_tables_to_appear_in_same_query!(disclosures, matches);
diesel::allow_tables_to_appear_in_same_query!(memberships, organizations, users);
diesel::allow_tables_to_appear_in_same_query!(organizations, organization_identifiers);
diesel::allow_tables_to_appear_in_same_query!(introductions, introduction_answers);
diesel::allow_tables_to_appear_in_same_query!(programme_startups, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(programme_mandates, mandates);
diesel::allow_tables_to_appear_in_same_query!(programmes, programme_startups);
diesel::allow_tables_to_appear_in_same_query!(programmes, programme_mandates);
