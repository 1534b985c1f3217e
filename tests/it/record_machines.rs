//! The machines of what firms show and of what keeps it safe, walked at random:
//! profiles, mandates, matches, documents, commitments, closings, clearances,
//! freezes, exports. The walks that meet each other in a running service are in
//! `delivery::walk`; these ask each table by itself, many times.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use corridor::config::taxonomy;
use corridor::domain::closing::{
    Closing, ClosingAction, ClosingStatus, Facts as ClosingFacts, step as step_closing,
};
use corridor::domain::commitment::{
    CommitmentAction, CommitmentStatus, WHOLE_BP, step as step_commitment,
};
use corridor::domain::compliance::{
    Clearance, ClearanceVerdict, Freeze, FreezeScope, FreezeState, check_next, clearance_on,
    freeze_term, longest,
};
use corridor::domain::document::{self, DocumentState};
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::export::{
    Export, ExportAction, ExportFormat, ExportKind, ExportState, Wanted,
};
use corridor::domain::fault::Faults;
use corridor::domain::ids::UserId;
use corridor::domain::mandate::{MandateAction, MandateFacts, MandateStatus, step as step_mandate};
use corridor::domain::permission::Hat;
use corridor::domain::profile::{
    ControlAnswers, ProfileAction, ProfileFacts, ProfileStatus, step as step_profile,
};
use corridor::domain::review::{Audience, MatchAction, MatchStatus, step as step_match};
use corridor::domain::suspension::{Standing, Suspension, SuspensionGround};
use corridor::domain::tag::Sensitivity;
use corridor::domain::values::{OrganizationKind, PassReason, Stage};
use proptest::prelude::*;
use uuid::Uuid;

use crate::db::world::{mandate, matched, of, organization, profile, programme, rules};
use crate::machines::{hat, start, walks};

fn person(number: u128) -> UserId {
    Uuid::from_u128(number).into()
}

fn clearance(verdict: ClearanceVerdict, by: u128, valid_to: NaiveDate) -> Clearance {
    Clearance {
        id: Uuid::from_u128(9),
        organization: Uuid::from_u128(8).into(),
        verdict,
        basis: "Registry".to_owned(),
        proof: None,
        source_of_funds: None,
        valid_to,
        by: person(by),
        created_at: start(),
    }
}

fn verdict() -> impl Strategy<Value = ClearanceVerdict> {
    prop::sample::select(vec![
        ClearanceVerdict::Clear,
        ClearanceVerdict::Clear,
        ClearanceVerdict::ClearEnhanced,
        ClearanceVerdict::Review,
        ClearanceVerdict::Blocked,
    ])
}

/// What a step of a record looks at: its firm's last check, who acts, how many
/// reported abuse, and whether compliance agreed.
type Around = (Option<(ClearanceVerdict, i64)>, u128, usize, bool);

fn around() -> impl Strategy<Value = Around> {
    (
        prop::option::of((verdict(), -30_i64..300)),
        1_u128..4,
        0_usize..3,
        any::<bool>(),
    )
}

/// A suspension that is in force, as the services keep it beside the record.
fn suspension(from: &str) -> Suspension {
    Suspension {
        id: Uuid::from_u128(1),
        subject: Subject::new(SubjectKind::Mandate, Uuid::from_u128(2)),
        from: from.to_owned(),
        ground: SuspensionGround::AbuseReports,
        reason: None,
        by: None,
        at: start(),
        first_restored_by: None,
    }
}

/// From where to where a profile may go (`MACHINES.md`).
fn profile_may(from: ProfileStatus, to: ProfileStatus) -> bool {
    use ProfileStatus as S;
    if to == S::Erased {
        return from != S::Erased;
    }
    matches!(
        (from, to),
        (S::Draft | S::ChangesRequested, S::Submitted | S::Withdrawn)
            | (S::Rejected, S::Submitted | S::Withdrawn | S::Archived)
            | (S::Submitted, S::InReview | S::Withdrawn)
            | (
                S::InReview,
                S::ChangesRequested | S::Rejected | S::Approved | S::Withdrawn
            )
            | (
                S::Approved | S::Paused | S::Stale,
                S::Published | S::Suspended | S::Withdrawn
            )
            | (
                S::Published,
                S::Published | S::Paused | S::Stale | S::Suspended | S::Withdrawn
            )
            | (
                S::Suspended,
                S::Suspended | S::Approved | S::Published | S::Paused | S::Stale
            )
            | (S::Withdrawn, S::Archived)
    )
}

fn mandate_may(from: MandateStatus, to: MandateStatus) -> bool {
    use MandateStatus as S;
    if to == S::Erased {
        return from != S::Erased;
    }
    matches!(
        (from, to),
        (S::Draft, S::Published | S::Withdrawn)
            | (
                S::Published,
                S::Published | S::Paused | S::Stale | S::Suspended | S::Withdrawn
            )
            | (
                S::Paused | S::Stale,
                S::Published | S::Suspended | S::Withdrawn
            )
            | (
                S::Suspended,
                S::Suspended | S::Published | S::Paused | S::Stale
            )
            | (S::Withdrawn, S::Archived)
    )
}

fn match_action() -> impl Strategy<Value = MatchAction> {
    let audience = prop::sample::select(Audience::ALL.to_vec());
    let later = (1_i64..120).prop_map(|days| start() + TimeDelta::days(days));
    prop_oneof![
        3 => Just(MatchAction::Allow),
        1 => Just(MatchAction::Block),
        6 => audience.prop_map(MatchAction::Release),
        4 => Just(MatchAction::Interested),
        2 => later.clone().prop_map(MatchAction::Snooze),
        1 => Just(MatchAction::Pass(PassReason::ThesisMismatch)),
        2 => Just(MatchAction::Introduce),
        1 => Just(MatchAction::Pin),
        1 => Just(MatchAction::Unpin),
        1 => Just(MatchAction::Veto),
        1 => Just(MatchAction::Unveto),
        2 => later.prop_map(MatchAction::Wake),
        1 => Just(MatchAction::InputsChanged),
        1 => Just(MatchAction::AskAgain),
        1 => Just(MatchAction::Supersede),
        1 => Just(MatchAction::Expire),
    ]
}

/// Whether one audience has everybody of another.
fn covers(wide: Option<Audience>, narrow: Option<Audience>) -> bool {
    use corridor::domain::values::Side;
    [Side::Startup, Side::Investor].into_iter().all(|side| {
        let has = |audience: Option<Audience>| audience.is_some_and(|it| it.includes(side));
        !has(narrow) || has(wide)
    })
}

proptest! {
    #![proptest_config(walks())]

    #[test]
    fn a_profile_stays_in_its_table_and_is_published_by_no_firm_that_is_not_cleared(
        first in prop::sample::select(ProfileStatus::ALL.to_vec()),
        sensitive in any::<bool>(),
        walk in prop::collection::vec((
            prop::sample::select(ProfileAction::ALL.to_vec()), hat(), around(), 1_i64..40,
        ), 0..40),
    ) {
        use ProfileAction as A;
        use ProfileStatus as S;
        let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped taxonomy");
        let firm = organization(OrganizationKind::Startup, "IL", 0);
        let mut at = profile(&firm);
        at.status = first;
        at.content.summary = at.content.one_liner.clone();
        at.content.stage = Some(Stage::Seed);
        at.content.languages = BTreeSet::from([of("en")]);
        at.content.deal_intents = BTreeSet::from([of("pilot_poc")]);
        at.content.primary_tags = BTreeSet::from([of(if sensitive { "cyber_commercial" } else { "water" })]);
        at.content.controls = Some(ControlAnswers {
            defence_customers: false,
            dual_use: false,
            interception: false,
            intrusion: false,
            biometrics: false,
            licences: vec![],
            signed_by: of("Dana Levi"),
            signed_on: start().date_naive(),
        });
        let graded = at.content.sensitivity(&taxonomy) >= Sensitivity::Review;
        prop_assert_eq!(graded, sensitive);
        let told = Faults::new();
        let mut now = start();
        let mut held = (first == S::Suspended).then(|| suspension("paused"));
        for (action, who, (check, by, reporters, agreed), hours) in walk {
            now += TimeDelta::hours(hours);
            let day = now.date_naive();
            let check = check.map(|(verdict, days)| clearance(verdict, 7, day + TimeDelta::days(days)));
            let facts = ProfileFacts {
                taxonomy: &taxonomy,
                compliance_agreed: agreed,
                agreed_alone: false,
                clearance: check.as_ref(),
                told: &told,
                contested: false,
                standing: Standing {
                    verdict: check.as_ref().map(|it| it.verdict),
                    reporters,
                    suspension: held.as_ref(),
                    legal_hold: false,
                    by: Some(person(by)),
                },
                now,
            };
            let Ok(status) = step_profile(&at, action, who, &facts) else { continue };
            prop_assert!(profile_may(at.status, status), "{} → {status} by {action}", at.status);
            if matches!(action, A::FreshnessDue | A::Archive) {
                prop_assert_eq!(who, Hat::System);
            }
            if matches!(action, A::Claim | A::RequestChanges | A::Reject | A::Approve) {
                prop_assert_eq!(who, Hat::Curator);
            }
            if action == A::Approve && sensitive {
                prop_assert!(agreed, "what is sensitive is compliance's to let through, too");
            }
            if action == A::Publish {
                let clear = check.as_ref().map(|it| clearance_on(Some(it), day));
                let fine = matches!(clear, None | Some(ClearanceVerdict::Clear | ClearanceVerdict::ClearEnhanced));
                prop_assert!(fine, "published with {clear:?}");
            }
            if action == A::Suspend {
                let blocked = check.as_ref().is_some_and(|it| it.verdict == ClearanceVerdict::Blocked);
                prop_assert!(blocked || reporters >= 2);
                held = Some(suspension(at.status.code()));
            }
            if action == A::Restore {
                let first = held.as_ref().and_then(|it| it.first_restored_by);
                if status == S::Suspended {
                    if let Some(held) = &mut held {
                        held.first_restored_by = Some(person(by));
                    }
                } else {
                    prop_assert!(first.is_some_and(|first| first != person(by)), "by two people");
                    prop_assert_eq!(held.as_ref().map(|it| it.from.clone()), Some(status.code().to_owned()));
                    held = None;
                }
            }
            if action == A::Reject {
                at.rejected_at = Some(now);
            }
            at.status = status;
        }
    }

    #[test]
    fn a_mandate_stays_in_its_table(
        first in prop::sample::select(MandateStatus::ALL.to_vec()),
        walk in prop::collection::vec((
            prop::sample::select(MandateAction::ALL.to_vec()), hat(), around(),
        ), 0..40),
    ) {
        use MandateAction as A;
        use MandateStatus as S;
        let firm = organization(OrganizationKind::Investor, "AZ", 0);
        let mut at = mandate(&firm);
        at.status = first;
        at.content.deal_intents = BTreeSet::from([of("pilot_poc")]);
        at.content.languages = BTreeSet::from([of("en")]);
        at.content.stages = BTreeSet::from([Stage::Seed]);
        let day = start().date_naive();
        let mut held = (first == S::Suspended).then(|| suspension("paused"));
        for (action, who, (check, by, reporters, _)) in walk {
            let check = check.map(|(verdict, days)| clearance(verdict, 7, day + TimeDelta::days(days)));
            let facts = MandateFacts {
                clearance: check.as_ref(),
                standing: Standing {
                    verdict: check.as_ref().map(|it| it.verdict),
                    reporters,
                    suspension: held.as_ref(),
                    legal_hold: false,
                    by: Some(person(by)),
                },
                now: start(),
            };
            let Ok(status) = step_mandate(&at, action, who, facts) else { continue };
            prop_assert!(mandate_may(at.status, status), "{} → {status} by {action}", at.status);
            match action {
                A::FreshnessDue | A::Archive => prop_assert_eq!(who, Hat::System),
                A::Pause | A::Withdraw => prop_assert_eq!(who, Hat::Investor),
                A::Publish => {
                    let clear = check.as_ref().map(|it| clearance_on(Some(it), day));
                    let fine = matches!(clear, None | Some(ClearanceVerdict::Clear | ClearanceVerdict::ClearEnhanced));
                    prop_assert!(fine, "published with {clear:?}");
                }
                A::Suspend => held = Some(suspension(at.status.code())),
                A::Restore if status == S::Suspended => {
                    if let Some(held) = &mut held {
                        held.first_restored_by = Some(person(by));
                    }
                }
                A::Restore => {
                    let first = held.as_ref().and_then(|it| it.first_restored_by);
                    prop_assert!(first.is_some_and(|first| first != person(by)), "by two people");
                    held = None;
                }
                A::Erase => prop_assert_eq!(who, Hat::Compliance),
                A::Reconfirm => {}
            }
            at.status = status;
        }
    }

    #[test]
    fn a_match_is_shown_after_a_fresh_allow_alone_and_what_is_over_stays_so(
        reviewed in any::<bool>(),
        walk in prop::collection::vec((match_action(), hat(), any::<bool>()), 0..60),
    ) {
        use MatchStatus as S;
        let firms = [
            organization(OrganizationKind::Startup, "IL", 0),
            organization(OrganizationKind::Investor, "AZ", 1),
        ];
        let rules = rules();
        let mut at = matched(&programme(&rules, &firms[1]), &profile(&firms[0]), &mandate(&firms[1]));
        at.status = if reviewed { S::UnderReview } else { S::Candidate };
        for (action, who, granted) in walk {
            let Ok(after) = step_match(&at, action, who, granted) else { continue };
            let widened = !covers(at.released_to, after.released_to);
            prop_assert!(!widened || granted && matches!(action, MatchAction::Release(_)),
                "shown to more by {} without a fresh allow", action.code());
            if matches!(action, MatchAction::Release(_)) {
                prop_assert!(matches!(who, Hat::Curator | Hat::System));
                prop_assert!(!at.is_vetoed(), "a veto was passed over");
            }
            // Nobody is shown less than before; what is pulled changes state.
            prop_assert!(covers(after.released_to, at.released_to));
            if at.status == S::UnderReview && after.status != S::UnderReview {
                let decided = who == Hat::Compliance
                    && (granted || action == MatchAction::Block);
                let ended = who == Hat::System
                    && matches!(action, MatchAction::InputsChanged | MatchAction::Supersede);
                prop_assert!(decided || ended, "{} by {who:?}", action.code());
            }
            if matches!(at.status, S::Blocked | S::Superseded | S::Expired) {
                prop_assert_eq!(after.status, at.status);
            }
            if after.status == S::Mutual && at.status != S::Mutual {
                use corridor::domain::review::Response;
                prop_assert_eq!(after.startup_response, Response::Interested);
                prop_assert_eq!(after.investor_response, Response::Interested);
            }
            at = after;
        }
    }

    #[test]
    fn a_document_with_words_to_read_is_opened_by_two_people_alone(
        walk in prop::collection::vec((1_u128..4, any::<bool>()), 0..12),
    ) {
        let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("the shipped taxonomy");
        let name = document::file_name::FileName::of("counter uas.pdf");
        let hits = document::marked("Counter UAS for borders", &name, &taxonomy);
        prop_assert!(!hits.is_empty());
        prop_assert_eq!(document::first_state(&hits), DocumentState::InReview);
        let mut at = paper();
        at.state = DocumentState::InReview;
        let mut yes = BTreeSet::new();
        for (who, changed) in walk {
            if at.state == DocumentState::Open {
                // What names more than before is looked at again, from the start.
                if !changed {
                    continue;
                }
                at.state = document::state_after_change(at.state, &[], &hits).expect("not erased");
                at.first_cleared_by = None;
                yes.clear();
            }
            prop_assert_eq!(at.state, DocumentState::InReview);
            let Ok((state, first)) = document::clear(&at, &hits, person(who)) else {
                prop_assert!(yes.contains(&who), "refused to somebody new");
                continue;
            };
            yes.insert(who);
            prop_assert_eq!(state == DocumentState::Open, yes.len() == 2);
            (at.state, at.first_cleared_by) = (state, first);
        }
    }

    #[test]
    fn what_was_promised_counts_as_met_when_it_is_and_what_is_over_is_taken_up_by_name(
        walk in prop::collection::vec((
            prop::sample::select(CommitmentAction::ALL.to_vec()), 0_i64..12_000,
        ), 0..40),
    ) {
        use CommitmentStatus as S;
        let mut at = S::Open;
        for (action, share) in walk {
            let Ok(after) = step_commitment(at, action, share) else { continue };
            match (at, after) {
                (S::Open, S::Met) => prop_assert!(share >= WHOLE_BP),
                (S::Open, S::Dropped) => prop_assert_eq!(action, CommitmentAction::Drop),
                (S::Met | S::Dropped, S::Open) => prop_assert_eq!(action, CommitmentAction::Reopen),
                _ => prop_assert!(false, "{at} → {after}"),
            }
            at = after;
        }
    }

    #[test]
    fn a_closing_closes_in_its_turn_with_enough_behind_it_and_is_funded_when_all_have_paid(
        walk in prop::collection::vec((
            prop::sample::select(ClosingAction::ALL.to_vec()), hat(),
            (any::<bool>(), 0_i64..200, 0_i64..200, 0_usize..3, 0_usize..3, 0_usize..3),
        ), 0..40),
    ) {
        use ClosingStatus as S;
        let today = start().date_naive();
        let mut at = Closing {
            number: 2,
            minimum: 50,
            maximum: 100,
            closes_on: today,
            status: S::Planned,
            closed_on: None,
            funded_on: None,
        };
        for (action, who, facts) in walk {
            let (earlier_planned, hard, shared, uncompared, binding, unpaid) = facts;
            let facts = ClosingFacts { earlier_planned, hard, shared, uncompared, binding, unpaid };
            let Ok(after) = step_closing(&at, action, who, &facts, today) else { continue };
            prop_assert!(matches!(who, Hat::Startup | Hat::Curator));
            match (at.status, after.status) {
                (S::Planned, S::Closed) => {
                    prop_assert!(!earlier_planned && uncompared == 0);
                    prop_assert!(hard >= at.minimum && shared >= at.minimum);
                }
                (S::Planned, S::Cancelled) => prop_assert_eq!(binding, 0),
                (S::Closed, S::Funded) => prop_assert_eq!(unpaid, 0),
                (from, to) => prop_assert!(false, "{from} → {to}"),
            }
            prop_assert_eq!(after.closed_on.is_some(), matches!(after.status, S::Closed | S::Funded));
            prop_assert_eq!(after.funded_on.is_some(), after.status == S::Funded);
            prop_assert_eq!((after.minimum, after.maximum), (at.minimum, at.maximum));
            at = after;
        }
    }

    #[test]
    fn whoever_was_blocked_is_cleared_by_two_and_a_check_that_ran_out_is_no_yes(
        walk in prop::collection::vec((verdict(), 1_u128..4, 0_i64..400), 0..40),
        ask in 0_i64..800,
    ) {
        use ClearanceVerdict as V;
        let today = start().date_naive();
        let mut before: Vec<Clearance> = Vec::new();
        for (verdict, by, days) in walk {
            if check_next(&before, verdict, person(by)).is_err() {
                prop_assert!(matches!(verdict, V::Clear | V::ClearEnhanced), "a check against a firm is always taken");
                continue;
            }
            let blocked = before.iter().rposition(|it| it.verdict == V::Blocked);
            let cleared = before.iter().rposition(|it| matches!(it.verdict, V::Clear | V::ClearEnhanced));
            if matches!(verdict, V::Clear | V::ClearEnhanced) && blocked > cleared {
                let since = &before[blocked.map_or(0, |place| place + 1)..];
                let other = since.iter().any(|it| it.verdict == V::Review && it.by != person(by));
                prop_assert!(other, "one person alone cleared what was blocked");
            }
            let until = today + TimeDelta::days(days.min(longest(verdict)));
            before.push(clearance(verdict, by, until));
        }
        let day = today + TimeDelta::days(ask);
        let said = clearance_on(before.last(), day);
        match before.last() {
            None => prop_assert_eq!(said, V::Review),
            Some(last) if last.verdict == V::Blocked => prop_assert_eq!(said, V::Blocked),
            Some(last) if last.valid_to < day => prop_assert_eq!(said, V::Review),
            Some(last) => prop_assert_eq!(said, last.verdict),
        }
    }

    #[test]
    fn an_export_has_a_file_only_while_it_is_ready_and_ends_once(
        moves in prop::collection::vec(0_u8..5, 0..12),
    ) {
        use ExportState as S;

        let (mut export, mut now) = (export(start()), start());
        for one in moves {
            now += TimeDelta::hours(1);
            let before = export.clone();
            let over = matches!(before.state, S::Cancelled | S::Failed | S::Ready);
            export = match one {
                0 => {
                    let Ok(after) = before.clone().step(ExportAction::Cancel, now) else {
                        prop_assert!(matches!(before.state, S::Cancelled | S::Failed));
                        continue;
                    };
                    after
                }
                // A worker looks first whether there is something to do.
                _ if !before.state.is_running() => {
                    prop_assert!(over);
                    continue;
                }
                1 | 2 => before.clone().ready(10, [7; 32], now, TimeDelta::days(7)),
                _ => before.clone().failed("too_large", now),
            };
            prop_assert_eq!(export.version, before.version + 1);
            prop_assert!(export.expires_at > now);
            prop_assert_eq!(export.state == S::Failed, export.failure.is_some());
            if export.state == S::Ready {
                prop_assert!(export.digest.is_some());
            }
        }
    }

    #[test]
    fn a_freeze_begins_and_ends_once(
        from in prop::option::of(-100_i64..10_000),
        to in prop::option::of(-100_i64..20_000),
        steps in prop::collection::vec(1_i64..2_000, 0..30),
    ) {
        let now = start();
        let at = |hours: i64| now + TimeDelta::hours(hours);
        let Ok((starts_at, ends_at)) = freeze_term(from.map(at), to.map(at), now) else {
            let past = from.is_some_and(|from| from < 0);
            let far = from.is_some_and(|from| from > 366 * 24);
            let backwards = to.is_some_and(|to| to <= from.unwrap_or(0).max(0));
            prop_assert!(past || far || backwards);
            return Ok(());
        };
        prop_assert!(starts_at >= now);
        prop_assert!(ends_at.is_none_or(|end| end > starts_at));
        let freeze = Freeze {
            id: Uuid::from_u128(1),
            scope: FreezeScope::All,
            reason: "A test".to_owned(),
            starts_at,
            ends_at,
            created_at: now,
        };
        let rank = |state: FreezeState| match state {
            FreezeState::Planned => 0,
            FreezeState::InForce => 1,
            FreezeState::Ended | FreezeState::Lifted => 2,
        };
        let mut when: DateTime<Utc> = now;
        let mut last = freeze.state(when);
        for hours in steps {
            when += TimeDelta::hours(hours);
            let state = freeze.state(when);
            prop_assert!(rank(state) >= rank(last), "{last} → {state}");
            prop_assert_eq!(state == FreezeState::InForce,
                when >= starts_at && ends_at.is_none_or(|end| when < end));
            last = state;
        }
    }
}

/// A document that waits to be read.
fn paper() -> document::Document {
    use corridor::domain::disclosure::Level;

    let now = start();
    document::Document {
        id: Uuid::from_u128(1).into(),
        startup_profile: Uuid::from_u128(2).into(),
        organization: Uuid::from_u128(3).into(),
        class: document::DocumentClass::Deck,
        details: document::DocumentDetails {
            title: "Counter UAS for borders".to_owned(),
            language: of("en"),
            level: Level::Deck,
        },
        state: DocumentState::InReview,
        current: document::DocumentVersion {
            number: 1,
            digest: [7; 32],
            bytes: 1_000,
            kind: document::content::ContentKind::Pdf,
            file_name: document::file_name::FileName::of("counter uas.pdf"),
            uploaded_by: person(9),
            created_at: now,
            erased_at: None,
        },
        version: 1,
        created_at: now,
        updated_at: now,
        first_cleared_by: None,
    }
}

fn export(now: DateTime<Utc>) -> Export {
    Export {
        id: Uuid::from_u128(1).into(),
        made_by: person(1),
        parts: vec![],
        wanted: Wanted {
            kind: ExportKind::Deals,
            organization: None,
            filters: String::new(),
            format: ExportFormat::Csv,
            wait: false,
        },
        state: ExportState::Waiting,
        lines: 0,
        bytes: 0,
        digest: None,
        failure: None,
        expires_at: now + TimeDelta::days(1),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
