//! Clearances, freezes, blocks and the ledger.

use std::collections::BTreeMap;
use std::slice::from_ref;

use chrono::{Days, TimeDelta};
use corridor::db::disclosures::{Disclosure, GateSaid, Release};
use corridor::db::freezes::Lift;
use corridor::db::{Conn, blocks, clearances, disclosures, freezes, matches};
use corridor::domain::compliance::{Clearance, ClearanceVerdict, Freeze, FreezeScope, Proof};
use corridor::domain::disclosure::{Level, Opener};
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::release::Sensitive;
use corridor::domain::tag::Sensitivity;

use super::noon;
use super::world::{World, fresh, in_transaction, of, today};

#[test]
fn the_last_clearance_counts() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let (startup, investor) = (world.startup.id, world.investor.id);
        for (second, verdict) in [(0, ClearanceVerdict::Clear), (1, ClearanceVerdict::Blocked)] {
            let clearance = Clearance {
                id: fresh(),
                organization: startup,
                verdict,
                basis: "siyahı".to_owned(),
                proof: Proof::of(Some("Arxiv".to_owned()), Some([7; 32])),
                source_of_funds: (second == 0).then(|| "büdcə".to_owned()),
                by: world.person.id,
                valid_to: today(),
                created_at: noon(second),
            };
            clearances::insert(conn, &clearance)?;
        }
        let latest = clearances::latest(conn, startup)?.expect("checked");
        assert_eq!(latest.verdict, ClearanceVerdict::Blocked);
        let many = clearances::latest_many(conn, &[startup, investor])?;
        assert_eq!(many, BTreeMap::from([(startup, latest)]));
        assert_eq!(clearances::list(conn, startup)?.len(), 2);
        assert_eq!(clearances::latest(conn, investor)?, None);
        Ok(())
    });
}

#[test]
fn two_people_lift_a_freeze() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let (one, two) = (world.person.id, world.other_person.id);
        let freeze = Freeze {
            id: fresh(),
            scope: FreezeScope::Tag(of("water")),
            reason: "санкции".to_owned(),
            starts_at: noon(0),
            ends_at: None,
            created_at: noon(0),
        };
        let says = |by, at| Lift {
            by,
            reason: "снято".to_owned(),
            at,
        };
        freezes::insert(conn, &freeze, one)?;
        assert_eq!(freezes::active(conn, noon(1))?, from_ref(&freeze));
        assert!(
            !freezes::lift(conn, freeze.id, 1, &says(two, noon(1)))?,
            "nobody asked yet"
        );
        assert!(freezes::first_lift(
            conn,
            freeze.id,
            1,
            &says(one, noon(1))
        )?);
        assert!(
            !freezes::first_lift(conn, freeze.id, 1, &says(two, noon(1)))?,
            "stale"
        );
        assert!(
            !freezes::lift(conn, freeze.id, 2, &says(one, noon(2)))?,
            "the same person"
        );
        assert!(freezes::lift(conn, freeze.id, 2, &says(two, noon(2)))?);
        assert_eq!(freezes::active(conn, noon(3))?, []);
        assert_eq!(freezes::list(conn, false, noon(3), None, 10)?, []);
        let all = freezes::list(conn, true, noon(3), None, 10)?;
        let record = freezes::find(conn, freeze.id)?.expect("kept");
        assert_eq!(record.lifted_by, Some(two));
        assert_eq!(record.lift_reason.as_deref(), Some("снято"));
        assert_eq!(all, [record]);
        Ok(())
    });
}

#[test]
fn a_freeze_begins_and_ends_by_the_clock() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let freeze = Freeze {
            id: fresh(),
            scope: FreezeScope::All,
            reason: "müharibə".to_owned(),
            starts_at: noon(10),
            ends_at: Some(noon(20)),
            created_at: noon(0),
        };
        freezes::insert(conn, &freeze, world.person.id)?;
        for (second, active) in [(9, 0), (10, 1), (19, 1), (20, 0)] {
            assert_eq!(freezes::active(conn, noon(second))?.len(), active);
        }
        assert_eq!(freezes::standing(conn, noon(9))?, from_ref(&freeze));
        // Those who follow the log hear of it when that is noted, once.
        for (second, over) in [(9, None), (10, Some(false)), (15, None), (21, Some(true))] {
            let now = noon(second);
            let turning = freezes::turning(conn, now, 10)?;
            assert_eq!(turning.len(), usize::from(over.is_some()), "{second}");
            if let Some((found, over)) = turning.first().zip(over) {
                assert!(freezes::turn(conn, found, over, now)?);
                assert!(!freezes::turn(conn, found, over, now)?, "another node");
                assert_eq!(freezes::begun(conn)?.len(), usize::from(!over));
            }
        }
        assert!(freezes::turning(conn, noon(30), 10)?.is_empty());
        let over = freezes::list(conn, true, noon(30), None, 10)?;
        assert_eq!(over.first().map(|it| it.version), Some(3));
        assert_eq!(freezes::list(conn, false, noon(30), None, 10)?, []);
        Ok(())
    });
}

#[test]
fn blocks_and_suppressions_hold_in_both_directions() {
    in_transaction(|conn| {
        let World {
            startup, investor, ..
        } = World::insert(conn)?;
        let (a, b) = (startup.id, investor.id);
        assert!(blocks::insert(conn, b, a, "maraq toqquşması", noon(0))?);
        assert!(!blocks::insert(conn, a, b, "again", noon(0))?);
        assert!(blocks::exists(conn, a, b)? && blocks::exists(conn, b, a)?);
        assert_eq!(
            (blocks::of(conn, a)?, blocks::of(conn, b)?),
            (vec![b], vec![a])
        );

        matches::suppress(conn, a, b, noon(50))?;
        matches::suppress(conn, b, a, noon(10))?;
        assert_eq!(matches::suppressed_until(conn, b, a)?, Some(noon(50)));
        matches::suppress(conn, b, a, noon(60))?;
        let of_b = matches::suppressions_of(conn, b)?;
        assert_eq!(of_b, BTreeMap::from([(a, noon(60))]));
        Ok(())
    });
}

#[test]
fn releases_count_people_while_they_hold() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let about = Sensitive {
            matter: of("ot_sec"),
            sensitivity: Sensitivity::Review,
        };
        let release = |by, valid_to, at| Release {
            profile: world.profile.id,
            revision: 1,
            programme: world.programme.id,
            counterpart: of("AZ"),
            about: about.clone(),
            by,
            reason: "müsbət rəy".to_owned(),
            valid_to,
            at,
        };
        let (one, two) = (world.person.id, world.other_person.id);
        let count = |conn: &mut Conn, day| {
            let (profile, programme) = (world.profile.id, world.programme.id);
            let held = disclosures::releases(conn, (profile, 1), programme, of("AZ"), day)?;
            Ok::<_, corridor::db::Error>(about.people(&held))
        };
        assert!(disclosures::insert_release(
            conn,
            &release(one, today(), noon(0))
        )?);
        assert!(!disclosures::insert_release(
            conn,
            &release(one, today(), noon(1))
        )?);
        assert!(disclosures::insert_release(
            conn,
            &release(two, today() + Days::new(5), noon(1))
        )?);
        assert_eq!(count(conn, today())?, 2);
        let tomorrow = today() + Days::new(1);
        assert_eq!(count(conn, tomorrow)?, 1);
        let renewal = release(one, tomorrow, noon(0) + TimeDelta::days(1));
        assert!(disclosures::insert_release(conn, &renewal)?);
        assert_eq!(count(conn, tomorrow)?, 2);
        // The same person's, of something else and of a graver grade.
        let mut other = release(one, tomorrow, noon(2));
        other.about.matter = of("drones");
        assert!(disclosures::insert_release(conn, &other)?);
        other.about.sensitivity = Sensitivity::Restricted;
        assert!(disclosures::insert_release(conn, &other)?);
        assert!(!disclosures::insert_release(conn, &other)?);
        assert_eq!(count(conn, tomorrow)?, 2);
        Ok(())
    });
}

#[test]
fn the_ledger_says_what_was_shown() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let shown = Disclosure {
            id: fresh(),
            programme: world.programme.id,
            shown: world.startup.id,
            shown_to: world.investor.id,
            level: Level::Named,
            subject: Subject::new(SubjectKind::Match, world.matched.id),
            gate: Some(GateSaid {
                decision: fresh(),
                verdict: "allow".to_owned(),
                rules: vec!["freeze".to_owned(), "consent:given".to_owned()],
            }),
            revision: Some(3),
            opened_by: Some(Opener::Person(world.person.id)),
            at: noon(0),
        };
        disclosures::record(conn, &shown)?;
        let of_startup = disclosures::list_for(conn, world.startup.id, None, 10)?;
        assert_eq!(of_startup, [shown]);
        assert_eq!(
            disclosures::list_for(conn, world.investor.id, None, 10)?,
            []
        );
        Ok(())
    });
}
