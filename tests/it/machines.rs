//! All state machines walked at random: whoever does whatever in whatever
//! order, no status leaves its table, nothing ends up somewhere that its own
//! rules forbid, and times sum up.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use corridor::config::pipeline;
use corridor::domain::compliance::ClearanceVerdict;
use corridor::domain::consent::Standing;
use corridor::domain::deal_clock::{self, Turn, WorkingDays};
use corridor::domain::deal_history::History;
use corridor::domain::disclosure::{Decision, Facts, Rule, decide};
use corridor::domain::event::Value;
use corridor::domain::ids::ProgrammeId;
use corridor::domain::introduction::{
    Action, Answer, Introduction, IntroductionStatus, Requester, step as step_introduction,
};
use corridor::domain::money::{Currency, Money};
use corridor::domain::permission::Hat;
use corridor::domain::pipeline::{Deal, DealAction, DealStatus, Funding, Origin, Pipeline, step};
use corridor::domain::practice::{
    Practice, PracticeAction, PracticePart, PracticeStatus, step as step_practice,
};
use corridor::domain::programme::{
    Corridor, Party, PartyRole, Programme, ProgrammeAction, ProgrammeDetails, ProgrammeStatus,
    step as step_programme,
};
use corridor::domain::release::{Matter, Released, Sensitive, gravest, unreleased};
use corridor::domain::tag::Sensitivity;
use corridor::domain::text::Slug;
use corridor::domain::values::{CloseCode, PassReason, Side};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use uuid::Uuid;

pub fn start() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().expect("an instant")
}

pub fn hat() -> impl Strategy<Value = Hat> {
    prop::sample::select(vec![
        Hat::Startup,
        Hat::Investor,
        Hat::Partner,
        Hat::Curator,
        Hat::Compliance,
        Hat::System,
    ])
}

type Pipelines = BTreeMap<Slug, Pipeline>;

fn pipelines() -> Pipelines {
    let shipped = pipeline::parse(pipeline::DEFAULT).expect("the shipped pipelines");
    let each = shipped.pipelines().iter();
    each.map(|it| (it.slug.clone(), it.as_ref().clone()))
        .collect()
}

fn equity() -> Pipeline {
    pipelines()[&"equity".parse().expect("a slug")].clone()
}

/// The pipeline that a step of a deal looks at: its own, or the one that it is
/// to go through.
fn road<'a>(all: &'a Pipelines, at: &Deal, action: &DealAction) -> &'a Pipeline {
    match action {
        DealAction::Reroute(to) => &all[to],
        _ => &all[&at.pipeline],
    }
}

fn deal(pipeline: &Pipeline) -> Deal {
    let id = Uuid::from_u128(1);
    Deal {
        id: id.into(),
        programme: id.into(),
        origin: Origin::Introduction {
            matched: id.into(),
            introduction: id.into(),
        },
        startup_profile: id.into(),
        startup: id.into(),
        mandate: id.into(),
        investor: id.into(),
        pipeline_set: None,
        pipeline: pipeline.slug.clone(),
        stage: pipeline.stages()[0].slug.clone(),
        stage_entered_at: start(),
        status: DealStatus::Open,
        resume_on: None,
        close_code: None,
        reported_by: None,
        facts: BTreeMap::new(),
        startup_funding: None,
        investor_funding: None,
        version: 1,
        created_at: start(),
        updated_at: start(),
    }
}

fn deal_action() -> impl Strategy<Value = DealAction> {
    let pipeline = equity();
    let stages = pipeline.stages().iter().map(|stage| stage.slug.clone());
    let stage = prop::sample::select(stages.collect::<Vec<_>>());
    let road = prop::sample::select(pipelines().into_keys().collect::<Vec<_>>());
    prop_oneof![
        3 => Just(DealAction::Report),
        3 => Just(DealAction::Advance),
        2 => stage.clone().prop_map(DealAction::Skip),
        1 => stage.prop_map(DealAction::MoveBack),
        1 => (-5_i64..200).prop_map(|days| {
            DealAction::Hold((start() + TimeDelta::days(days)).date_naive())
        }),
        2 => Just(DealAction::Resume),
        1 => Just(DealAction::Lose(CloseCode::Valuation)),
        1 => Just(DealAction::Withdraw),
        3 => (1_i64..3).prop_map(|minor| DealAction::Confirm(Funding {
            amount: Money::new(minor, Currency::USD),
            value_date: start().date_naive(),
        })),
        2 => (1_i64..3, prop::sample::select(vec![Side::Startup, Side::Investor])).prop_map(
            |(minor, side)| DealAction::Vouch(side, Funding {
                amount: Money::new(minor, Currency::USD),
                value_date: start().date_naive(),
            })
        ),
        1 => Just(DealAction::Block),
        2 => Just(DealAction::Unblock),
        1 => road.prop_map(DealAction::Reroute),
        1 => Just(DealAction::Reopen),
        1 => Just(DealAction::Pause),
        1 => Just(DealAction::GoOn),
    ]
}

/// From where to where a deal may go (`MACHINES.md`).
fn deal_may(from: DealStatus, to: DealStatus) -> bool {
    use DealStatus as S;
    matches!(
        (from, to),
        (S::Open, _)
            | (
                S::OnHold,
                S::OnHold | S::Open | S::Lost | S::Withdrawn | S::Blocked
            )
            | (S::Lost | S::Withdrawn | S::Blocked, S::Open)
    )
}

fn code(value: &str) -> Value {
    Value::Code(value.to_owned())
}

/// The line that the log has of a move.
fn line(before: &Deal, after: &Deal) -> Vec<(String, Value)> {
    [
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
        ("stage_from", code(before.stage.as_str())),
        ("stage_to", code(after.stage.as_str())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// Few walks each time, the same ones, so that a failure is the fault of what
/// changed; many others where somebody asks for them.
pub fn walks() -> ProptestConfig {
    if std::env::var_os("CORRIDOR_SOAK").is_some() {
        return ProptestConfig::with_cases(20_000);
    }
    let seed = std::env::var("CORRIDOR_SEED").ok();
    let seed = seed
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_124);
    ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::with_cases(256)
    }
}

/// Every day is a working day, and ends when it began.
struct EveryDay;

impl WorkingDays for EveryDay {
    fn end(&self, _: Turn, from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        from + TimeDelta::days(days.into())
    }

    fn between(&self, _: Turn, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
        u32::try_from((to - from).num_days()).unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(walks())]

    #[test]
    fn a_clock_runs_while_its_deal_does_and_gives_no_day_twice(
        walk in prop::collection::vec((deal_action(), hat(), 1_i64..200), 0..60),
    ) {
        let all = pipelines();
        let mut now = start();
        let mut at = deal(&equity());
        let mut clock = deal_clock::start(&at, &equity(), &EveryDay);
        for (action, who, hours) in walk {
            now += TimeDelta::hours(hours);
            let Ok(after) = step(&at, &action, who, road(&all, &at, &action), now) else { continue };
            let pipeline = &all[&after.pipeline];
            let set = deal_clock::follow(&clock, &at, &after, pipeline, now, &EveryDay);
            prop_assert_eq!(set.stale_at.is_some(), after.status == DealStatus::Open);
            let (_, stage) = pipeline.find(&after.stage).expect("a stage");
            prop_assert!(set.days <= stage.days.max(2), "{} of {}", set.days, stage.days);
            if after.status == DealStatus::Open {
                prop_assert_eq!(set.turn, deal_clock::turn(&after, pipeline));
            }
            // Whoever gets the turn has some days, whatever happened before.
            if set.turn != clock.turn && at.status == DealStatus::Open && after.status == DealStatus::Open {
                prop_assert!(set.stale_at.is_some_and(|stale| stale > now));
                prop_assert_eq!(set.told_at, None);
            }
            (at, clock) = (after, set);
        }
    }

    #[test]
    fn nothing_is_shown_to_a_firm_that_was_not_asked_and_nothing_held_without_two_yeses(
        walk in prop::collection::vec((
            prop::sample::select(PracticeAction::ALL.to_vec()),
            prop::sample::select(vec![None, Some(PracticePart::Giver), Some(PracticePart::Taker)]),
            prop::option::of(hat()),
        ), 0..40),
    ) {
        use PracticeStatus as S;
        let id = Uuid::from_u128(1);
        let mut at = Practice {
            id: id.into(),
            programme: id.into(),
            topic: "incubator_operation".parse().expect("a slug"),
            giver: id.into(),
            taker: Uuid::from_u128(2).into(),
            aim: String::new(),
            status: S::Proposed,
            giver_agreed: false,
            taker_agreed: false,
            outcome: None,
            version: 1,
            created_at: start(),
            updated_at: start(),
        };
        let mut offered = false;
        for (action, part, who) in walk {
            let Ok(after) = step_practice(&at, action, part, who) else { continue };
            offered |= action == PracticeAction::Offer && who == Some(Hat::Curator);
            prop_assert!(!after.status.is_known() || offered);
            let both = after.giver_agreed && after.taker_agreed;
            prop_assert!(both || !matches!(after.status, S::Agreed | S::Running | S::Completed));
            // A yes is never taken back, and what is over stays so.
            prop_assert!(!at.giver_agreed || after.giver_agreed);
            prop_assert!(!at.taker_agreed || after.taker_agreed);
            prop_assert!(!matches!(at.status, S::Completed | S::Declined | S::Ended | S::Withdrawn));
            at = after;
        }
    }

    #[test]
    fn a_deal_stays_in_its_table_and_its_times_sum_up(
        walk in prop::collection::vec((deal_action(), hat(), 1_i64..100), 0..60),
    ) {
        let all = pipelines();
        let mut now = start();
        let mut at = deal(&equity());
        let mut history = History::default();
        history.read(now, "deal.opened", &[("stage".to_owned(), code(at.stage.as_str()))]);
        let (mut closed_for, mut closed_at) = (TimeDelta::zero(), None);
        for (action, who, hours) in walk {
            now += TimeDelta::hours(hours);
            let Ok(after) = step(&at, &action, who, road(&all, &at, &action), now) else { continue };
            let pipeline = &all[&after.pipeline];
            prop_assert!(deal_may(at.status, after.status), "{} → {}", at.status, after.status);
            prop_assert!(pipeline.find(&after.stage).is_some());
            // Who moves it is who the table names.
            match &action {
                DealAction::Advance | DealAction::Skip(_) | DealAction::MoveBack(_) | DealAction::Reopen =>
                    prop_assert_eq!(who, Hat::Curator),
                DealAction::Reroute(to) => {
                    prop_assert_eq!(who, Hat::Curator);
                    prop_assert_ne!(&at.pipeline, to);
                    prop_assert_eq!(&after.stage, &pipeline.stages()[0].slug);
                }
                DealAction::Vouch(side, funding) => {
                    prop_assert_eq!(who, Hat::Curator);
                    let said = match side {
                        Side::Startup => at.investor_funding,
                        Side::Investor => at.startup_funding,
                    };
                    prop_assert_eq!(said, Some(*funding), "nobody is vouched for alone");
                }
                DealAction::Unblock => {
                    prop_assert_eq!(who, Hat::Compliance);
                    prop_assert_eq!(at.status, DealStatus::Blocked);
                }
                DealAction::Block =>
                    prop_assert!(matches!(who, Hat::Compliance | Hat::System)),
                DealAction::Pause => {
                    prop_assert_eq!(who, Hat::System);
                    prop_assert!(after.is_paused());
                }
                DealAction::GoOn => {
                    prop_assert_eq!(who, Hat::System);
                    prop_assert!(at.is_paused());
                }
                DealAction::Confirm(_) | DealAction::Report =>
                    prop_assert!(matches!(who, Hat::Startup | Hat::Investor)),
                _ => {}
            }
            if after.status == DealStatus::Won {
                prop_assert!(pipeline.is_last(&after.stage));
                prop_assert!(after.startup_funding.is_some());
                prop_assert_eq!(after.startup_funding, after.investor_funding);
            }
            prop_assert_eq!(after.close_code.is_some(), after.status == DealStatus::Lost);
            prop_assert_eq!(after.resume_on.is_some() || after.is_paused(), after.status == DealStatus::OnHold);
            let is_closed = |deal: &Deal| matches!(deal.status, DealStatus::Won | DealStatus::Lost | DealStatus::Withdrawn);
            if is_closed(&after) && !is_closed(&at) {
                closed_at = Some(now);
            } else if !is_closed(&after) && let Some(since) = closed_at.take() {
                closed_for += now - since;
            }
            history.read(now, "deal.moved", &line(&at, &after));
            at = after;
        }
        if let Some(since) = closed_at {
            closed_for += now - since;
        }
        let visits = history.visits(now);
        let whole = visits.iter().fold(TimeDelta::zero(), |sum, visit| sum + visit.lasted(now));
        prop_assert_eq!(whole + closed_for, now - start());
        for visit in &visits {
            prop_assert!(visit.held >= TimeDelta::zero() && visit.held <= visit.lasted(now));
        }
    }

    #[test]
    fn an_introduction_is_never_sent_without_both_yeses_and_an_open_gate(
        requester in prop::sample::select(vec![Requester::Startup, Requester::Investor, Requester::Curator]),
        walk in prop::collection::vec((introduction_action(), hat()), 0..40),
    ) {
        let id = Uuid::from_u128(1);
        let mut at = Introduction {
            id: id.into(),
            programme: id.into(),
            matched: id.into(),
            startup_profile: id.into(),
            startup: id.into(),
            mandate: id.into(),
            investor: id.into(),
            requester,
            requested_by: id.into(),
            blurb: String::new(),
            status: IntroductionStatus::Requested,
            startup_accepted: requester == Requester::Startup,
            investor_accepted: requester == Requester::Investor,
            extended: false,
            convert_reported_by: None,
            partner: None,
            frozen_from: None,
            version: 1,
            created_at: start(),
            updated_at: start(),
        };
        let mut gate_open = false;
        for (action, who) in walk {
            let Ok(after) = step_introduction(&at, &action, who) else { continue };
            if let Action::Gate(decision) = &action {
                prop_assert_eq!(who, Hat::System);
                gate_open = *decision == Decision::Allow;
            }
            let asked = matches!(after.status, IntroductionStatus::AskingFirst | IntroductionStatus::AskingSecond);
            if after.status != at.status && (asked || after.status == IntroductionStatus::BothAccepted) {
                prop_assert!(gate_open, "{} after a gate that is not open", after.status);
            }
            if after.status == IntroductionStatus::Sent && at.status != IntroductionStatus::Sent {
                prop_assert!(after.both_accepted());
                prop_assert!(matches!(at.status, IntroductionStatus::BothAccepted | IntroductionStatus::DeliveryProblem));
            }
            // What stands still knows where it goes on, and goes no further by itself.
            prop_assert_eq!(after.frozen_from.is_some(), after.status == IntroductionStatus::Frozen);
            if at.status == IntroductionStatus::Frozen && at.frozen_from == Some(IntroductionStatus::Held) {
                prop_assert!(!asked && after.status != IntroductionStatus::BothAccepted);
            }
            // A yes is never taken back by the machine.
            prop_assert!(!at.startup_accepted || after.startup_accepted);
            prop_assert!(!at.investor_accepted || after.investor_accepted);
            // What has ended stays so.
            let over = |status| matches!(status, IntroductionStatus::Declined | IntroductionStatus::Withdrawn | IntroductionStatus::Expired | IntroductionStatus::Refused | IntroductionStatus::Blocked | IntroductionStatus::Converted);
            prop_assert!(!over(at.status) || after.status == at.status, "{} → {}", at.status, after.status);
            at = after;
        }
    }

    #[test]
    fn a_programme_is_in_force_only_after_its_signing(
        walk in prop::collection::vec((prop::sample::select(ProgrammeAction::ALL.to_vec()), hat()), 0..40),
    ) {
        let today = start().date_naive();
        let id = Uuid::from_u128(1);
        let country = |code: &str| code.parse().expect("a country");
        let mut at = Programme {
            id: ProgrammeId::from(id),
            details: ProgrammeDetails {
                slug: "il-az".parse().expect("a slug"),
                title: "Water bridge".parse().expect("a title"),
                corridors: vec![Corridor { startup: country("IL"), investor: country("AZ") }],
                scope_tags: vec![],
                parties: vec![Party { organization: id.into(), role: PartyRole::Signatory }],
                starts_on: today,
                ends_on: today + TimeDelta::days(365),
            },
            rule_set: id.into(),
            status: ProgrammeStatus::Draft,
            version: 1,
            created_at: start(),
            updated_at: start(),
        };
        let mut been = vec![at.status];
        for (action, who) in walk {
            let Ok(status) = step_programme(&at, action, who, today) else { continue };
            if status.in_force() && !at.status.in_force() {
                prop_assert!(been.contains(&ProgrammeStatus::TextAgreed) && been.contains(&ProgrammeStatus::Signing));
            }
            prop_assert!(!matches!(at.status, ProgrammeStatus::Renewed | ProgrammeStatus::Declined | ProgrammeStatus::Terminated));
            prop_assert!(matches!(who, Hat::Curator | Hat::System));
            been.push(status);
            at.status = status;
        }
    }

    #[test]
    fn the_gate_never_allows_what_it_should_not((facts, answered, people) in facts()) {
        let decision = decide(&facts);
        let forbidden = facts.frozen || facts.conflict || facts.excluded || facts.cooling_down || facts.consent == Standing::Withdrawn
            || !facts.programme_in_force || !facts.startup_live || !facts.mandate_live || !facts.claimed
            || facts.sensitivity == Sensitivity::Prohibited
            || facts.startup_clearance == ClearanceVerdict::Blocked
            || facts.investor_clearance == ClearanceVerdict::Blocked;
        let is_denied = matches!(decision, Decision::Deny { .. });
        prop_assert_eq!(forbidden, is_denied);
        if decision == Decision::Allow {
            prop_assert!(!facts.under_review);
            prop_assert!(facts.startup_clearance != ClearanceVerdict::Review);
            prop_assert!(facts.investor_clearance != ClearanceVerdict::Review);
            prop_assert!(matches!(facts.consent, Standing::Given | Standing::Before) || facts.connected);
            if facts.sensitivity == Sensitivity::Restricted {
                prop_assert!(people >= 2);
            }
            if facts.sensitivity == Sensitivity::Review || answered {
                prop_assert!(people >= 1 || facts.licensed);
            }
        }
        if facts.frozen {
            let told = matches!(&decision, Decision::Deny { rules } if rules.contains(&Rule::Freeze));
            prop_assert!(told, "a frozen scope sends nothing");
        }
    }
}

fn introduction_action() -> impl Strategy<Value = Action> {
    let side = prop::sample::select(vec![Side::Startup, Side::Investor]);
    let answer = prop::sample::select(vec![
        Answer::Accept,
        Answer::Decline {
            reason: PassReason::Other,
            share: false,
        },
        Answer::NotNow { until: start() },
        Answer::MoreTime,
    ]);
    let gate = prop::sample::select(vec![
        Decision::Allow,
        Decision::Review {
            rules: vec![Rule::Sensitivity],
            two_people: false,
        },
        Decision::Deny {
            rules: vec![Rule::Conflict],
        },
    ]);
    prop_oneof![
        4 => gate.prop_map(Action::Gate),
        6 => (side, answer).prop_map(|(side, answer)| Action::Answer(side, answer)),
        3 => Just(Action::Send),
        1 => prop::sample::select(vec![
            Action::Refuse,
            Action::Withdraw,
            Action::EndRecord(Side::Investor),
            Action::EndAdmission,
            Action::Expire,
            Action::FailDelivery,
            Action::ConfirmSent,
            Action::Reply,
            Action::Meet,
            Action::Convert,
            Action::Close,
            Action::Block,
            Action::Freeze,
        ]),
    ]
}

/// What so many people's releases of all that is sensitive leave open.
fn left_open(sensitivity: Sensitivity, answered: bool, people: u128) -> Sensitivity {
    let tag = Sensitive {
        matter: Matter::Tag("ot_sec".parse().unwrap()),
        sensitivity,
    };
    let answers = Sensitive {
        matter: Matter::ControlAnswers,
        sensitivity: Sensitivity::Review,
    };
    let some = [
        (tag, sensitivity >= Sensitivity::Review),
        (answers, answered),
    ];
    let some = some.into_iter().filter_map(|(it, is)| is.then_some(it));
    let some: Vec<Sensitive> = some.collect();
    let of = |person: u128| {
        some.iter().map(move |about| Released {
            about: about.clone(),
            by: Uuid::from_u128(person).into(),
        })
    };
    let releases: Vec<Released> = (0..people).flat_map(of).collect();
    gravest(&unreleased(some.clone(), &releases))
}

/// Facts of the gate, whether an answer to export control asks for a look, and
/// how many people released what is sensitive.
fn facts() -> impl Strategy<Value = (Facts, bool, u128)> {
    let clearance = || {
        prop::sample::select(vec![
            ClearanceVerdict::Clear,
            ClearanceVerdict::ClearEnhanced,
            ClearanceVerdict::Review,
            ClearanceVerdict::Blocked,
        ])
    };
    let sensitivity = prop::sample::select(vec![
        Sensitivity::None,
        Sensitivity::Review,
        Sensitivity::Restricted,
        Sensitivity::Prohibited,
    ]);
    let consent = || {
        prop_oneof![
            8 => Just(Standing::Given),
            1 => Just(Standing::Before),
            1 => Just(Standing::RanOut),
            1 => Just(Standing::Missing),
            1 => Just(Standing::Withdrawn),
        ]
    };
    let mostly = || prop::bool::weighted(0.9);
    let seldom = || prop::bool::weighted(0.1);
    (
        (mostly(), mostly(), mostly(), mostly(), seldom(), seldom()),
        (
            clearance(),
            clearance(),
            sensitivity,
            seldom(),
            0_u128..4,
            seldom(),
        ),
        (seldom(), seldom(), seldom(), seldom(), consent()),
    )
        .prop_map(|(live, checked, against)| {
            let facts = Facts {
                programme_in_force: live.0,
                startup_live: live.1,
                under_review: live.5,
                mandate_live: live.2,
                claimed: live.3,
                startup_clearance: checked.0,
                investor_clearance: checked.1,
                sensitivity: checked.2,
                unreleased: left_open(checked.2, checked.3, checked.4),
                licensed: checked.5,
                frozen: against.0,
                conflict: against.1,
                excluded: against.2,
                cooling_down: against.3,
                consent: against.4,
                connected: live.4,
            };
            (facts, checked.3, checked.4)
        })
}
