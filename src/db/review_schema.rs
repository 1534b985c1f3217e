//! The tables of what people say of matches and do with many of them, by hand,
//! as in [`super::schema`] and held to the migrations with it.

use super::investor_schema::investor_profiles;
use super::schema::{deals, mandates, startup_profiles};

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    decisions (id) {
        id -> Id,
        subject_kind -> Text,
        subject_id -> Id,
        action -> Text,
        reason -> Text,
        decided_by -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    match_notes (id) {
        id -> Id,
        match_id -> Id,
        action -> Text,
        note -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::sql::{Id, UtcTimestamp};

    match_curations (programme_id, startup_profile_id, mandate_id) {
        programme_id -> Id,
        startup_profile_id -> Id,
        mandate_id -> Id,
        curation -> Text,
        reason -> Text,
        author_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    bulk_releases (id) {
        id -> Id,
        programme_id -> Id,
        audience -> Text,
        status -> Text,
        requested_by -> Id,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::Id;

    bulk_release_lines (release_id, place) {
        release_id -> Id,
        place -> BigInt,
        match_id -> Id,
        match_version -> BigInt,
        skip -> Nullable<Text>,
        rules -> Nullable<Text>,
        outcome -> Nullable<Text>,
        outcome_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    release_settings (programme_id) {
        programme_id -> Id,
        auto_from -> Nullable<Text>,
        auto_to -> Nullable<Text>,
        fair -> Bool,
        cap -> BigInt,
        window_days -> BigInt,
        share -> BigInt,
        little -> BigInt,
        version -> BigInt,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    match_visits (user_id, organization_id) {
        user_id -> Id,
        organization_id -> Id,
        seen_at -> UtcTimestamp,
    }
}

diesel::table! {
    use crate::db::types::sql::{Id, UtcTimestamp};

    ranking_walks (id) {
        id -> Id,
        programme_id -> Id,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::db::types::sql::Id;

    ranking_walk_lines (walk_id, place) {
        walk_id -> Id,
        place -> BigInt,
        explanation -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    rematches (id) {
        id -> Id,
        programme_id -> Id,
        top -> BigInt,
        min_band -> Text,
        rule_set_id -> Id,
        status -> Text,
        startups -> BigInt,
        done -> BigInt,
        after_id -> Nullable<Id>,
        added -> BigInt,
        replaced -> BigInt,
        ended -> BigInt,
        unchanged -> BigInt,
        started_by -> Nullable<Id>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Date, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    export_licences (id) {
        id -> Id,
        organization_id -> Id,
        authority -> Text,
        number -> Text,
        countries -> Text,
        tags -> Text,
        valid_from -> Date,
        valid_to -> Date,
        evidence -> Nullable<Text>,
        evidence_sha256 -> Nullable<Binary>,
        status -> Text,
        recorded_by -> Id,
        decided_by -> Nullable<Id>,
        reason -> Nullable<Text>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    suspensions (id) {
        id -> Id,
        subject_kind -> Text,
        subject_id -> Id,
        from_status -> Text,
        ground -> Text,
        reason -> Nullable<Text>,
        suspended_by -> Nullable<Id>,
        suspended_at -> UtcTimestamp,
        first_restored_by -> Nullable<Id>,
        first_reason -> Nullable<Text>,
        restored_by -> Nullable<Id>,
        restored_reason -> Nullable<Text>,
        restored_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    legal_holds (id) {
        id -> Id,
        organization_id -> Id,
        reason -> Text,
        placed_by -> Id,
        lifted_by -> Nullable<Id>,
        lifted_at -> Nullable<UtcTimestamp>,
        lift_reason -> Nullable<Text>,
        version -> BigInt,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    blocks (lower_organization_id, upper_organization_id) {
        lower_organization_id -> Id,
        upper_organization_id -> Id,
        reason -> Text,
        created_at -> UtcTimestamp,
        id -> Id,
        first_lifted_by -> Nullable<Id>,
        version -> BigInt,
    }
}

// Records that ended are put away unless a deal about them goes on.
diesel::allow_tables_to_appear_in_same_query!(deals, mandates);
diesel::allow_tables_to_appear_in_same_query!(deals, startup_profiles);
diesel::allow_tables_to_appear_in_same_query!(deals, investor_profiles);

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    freezes (id) {
        id -> Id,
        scope -> Text,
        value -> Text,
        reason -> Text,
        ordered_by -> Id,
        first_lifted_by -> Nullable<Id>,
        lifted_by -> Nullable<Id>,
        lifted_at -> Nullable<UtcTimestamp>,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        starts_at -> UtcTimestamp,
        ends_at -> Nullable<UtcTimestamp>,
        began_at -> Nullable<UtcTimestamp>,
        ended_at -> Nullable<UtcTimestamp>,
        first_lift_reason -> Nullable<Text>,
        lift_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Text};
    use crate::db::types::sql::{Id, UtcTimestamp};

    disclosure_releases (startup_profile_id, startup_revision, programme_id, counterpart_country, released_by, matter) {
        startup_profile_id -> Id,
        startup_revision -> BigInt,
        programme_id -> Id,
        counterpart_country -> Text,
        released_by -> Id,
        reason -> Text,
        valid_to -> Date,
        created_at -> UtcTimestamp,
        matter -> Text,
        sensitivity -> Text,
    }
}
