//! The machine, state by state.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::domain::review::Told;
use crate::domain::scoring::Band;
use MatchAction as A;
use MatchStatus as S;

fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn at(status: S) -> Match {
    let id = Uuid::from_u128(1);
    Match {
        id: id.into(),
        programme: id.into(),
        startup_profile: id.into(),
        startup: id.into(),
        mandate: id.into(),
        investor: id.into(),
        explanation: Explanation {
            rule_set: id.into(),
            startup: (id.into(), 1),
            mandate: (id.into(), 1),
            as_of: noon().date_naive(),
            rate_date: None,
            gates: vec![],
            factors: vec![],
            revealed: None,
            exact: 0,
            score: 0,
            confidence: 0,
            band: Band::Weak,
            strengths: vec![],
            risks: vec![],
            missing: vec![],
        },
        status,
        released_to: Some(Audience::Both),
        startup_response: Response::None,
        investor_response: Response::None,
        snoozed: PerSide::default(),
        wakes_at: (status == S::Snoozed).then(noon),
        shown_at: PerSide::default(),
        curation: None,
        told: Told::first(noon()),
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}

const ACTIONS: [A; 16] = [
    A::Allow,
    A::Block,
    A::Release(Audience::Both),
    A::Interested,
    A::Snooze(DateTime::UNIX_EPOCH),
    A::Pass(PassReason::Team),
    A::Introduce,
    A::Pin,
    A::Unpin,
    A::Veto,
    A::Unveto,
    A::Wake(DateTime::<Utc>::MAX_UTC),
    A::InputsChanged,
    A::AskAgain,
    A::Supersede,
    A::Expire,
];

const HATS: [Hat; 6] = [
    Hat::Startup,
    Hat::Investor,
    Hat::Partner,
    Hat::Curator,
    Hat::Compliance,
    Hat::System,
];

/// Everything that the machine does, a line a state; what is not here is
/// refused.
#[test]
fn the_table_is_the_one_that_was_agreed() {
    let mut table = Vec::new();
    for status in S::ALL {
        let mut moves = Vec::new();
        for action in ACTIONS {
            for hat in HATS {
                if let Ok(after) = step(&at(*status), action, hat, true) {
                    moves.push(format!("{}·{}→{}", hat.code(), action.code(), after.status));
                }
            }
        }
        table.push(format!("{status}: {}", moves.join(" ")));
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn what_nobody_put_off_or_what_is_vetoed_goes_nowhere() {
    for hat in [Hat::Startup, Hat::Investor] {
        let once = step(&at(S::Released), A::Snooze(noon()), hat, true).unwrap();
        assert_eq!((once.status, once.wakes_at), (S::Snoozed, Some(noon())));
        assert!(step(&once, A::Interested, hat, true).is_err());
        let early = A::Wake(noon() - TimeDelta::seconds(1));
        assert!(step(&once, early, Hat::System, true).is_err());
        let back = step(&once, A::Wake(noon()), Hat::System, true).unwrap();
        assert_eq!((back.status, back.wakes_at), (S::Released, None));
        let twice = step(&back, A::Snooze(noon()), hat, true);
        assert_eq!(twice.unwrap_err().code, "snoozed_before");
    }
    let vetoed = Match {
        curation: Some(Curation::Vetoed),
        ..at(S::Candidate)
    };
    for action in [A::Release(Audience::Both), A::Introduce] {
        let refused = step(&vetoed, action, Hat::Curator, true).unwrap_err();
        assert_eq!(refused.code, "vetoed");
    }
    assert!(!vetoed.visible_to(Side::Startup));
    let again = step(&vetoed, A::Veto, Hat::Curator, true).unwrap_err();
    assert!(again.is_about_state());
    let free = step(&vetoed, A::Unveto, Hat::Curator, true).unwrap();
    assert_eq!((free.curation, free.status), (None, S::Candidate));
    let yours = step(&free, A::Pin, Hat::Startup, true).unwrap_err();
    assert!(yours.is_about_capacity());
}

#[test]
fn the_later_of_two_dates_holds_it_and_each_side_has_its_own() {
    let later = noon() + TimeDelta::days(9);
    let one = step(&at(S::OneSided), A::Snooze(noon()), Hat::Startup, true).unwrap();
    let both = step(&one, A::Snooze(later), Hat::Investor, true).unwrap();
    assert!(both.is_put_off_by(Side::Startup) && both.is_put_off_by(Side::Investor));
    let woken = step(&both, A::Wake(noon()), Hat::System, true).unwrap();
    assert_eq!((woken.status, woken.wakes_at), (S::Snoozed, Some(later)));
    assert!(!woken.is_put_off_by(Side::Startup) && woken.is_put_off_by(Side::Investor));
    let said = step(&woken, A::Interested, Hat::Startup, true).unwrap();
    assert_eq!(said.status, S::Snoozed);
    let back = step(&said, A::Wake(later), Hat::System, true).unwrap();
    assert_eq!(back.status, S::OneSided);
}

#[test]
fn a_side_that_does_not_know_answers_as_before() {
    let passed = step(
        &at(S::Released),
        A::Pass(PassReason::Team),
        Hat::Startup,
        true,
    )
    .unwrap();
    let passed = passed.following(&at(S::Released), noon());
    assert_eq!(passed.told.startup.version, 2);
    assert_eq!(passed.told.investor.version, 1);
    for (action, reads) in [
        (A::Interested, "interested"),
        (A::Pass(PassReason::Team), "passed"),
        (A::Snooze(noon()), "snoozed"),
    ] {
        let said = step(&passed, action, Hat::Investor, true).unwrap();
        assert_eq!(said.status, S::Passed);
        assert_eq!(said.status_for(Side::Investor), reads);
        assert!(step(&passed, action, Hat::Startup, true).is_err());
        assert_eq!(said.following(&passed, noon()).told.startup.version, 2);
    }
    let asked = step(&passed, A::Introduce, Hat::Investor, true).unwrap_err();
    assert_eq!(asked.code, "not_available_now");

    let off = step(&at(S::Released), A::Snooze(noon()), Hat::Investor, true).unwrap();
    let gone = step(&off, A::Pass(PassReason::Team), Hat::Startup, true).unwrap();
    assert_eq!(gone.status_for(Side::Investor), "snoozed");
    assert!(step(&gone, A::Interested, Hat::Investor, true).is_err());
    let back = step(&gone, A::Wake(noon()), Hat::System, true).unwrap();
    assert_eq!(back.status, S::Passed);
    assert_eq!(back.status_for(Side::Investor), "released");
}
