//! The domain's records: what is stored comes back, and what must be unique,
//! single-use or fresh stays so when many try at once.

use std::collections::BTreeMap;
use std::slice::from_ref;

use chrono::{Days, TimeDelta};
use corridor::db::disclosures::{Disclosure, Release};
use corridor::db::introductions::GivenAnswer;
use corridor::db::page::Cursor;
use corridor::db::startup_profiles::ReviewComment;
use corridor::db::{
    Conn, Db, Error, Result, blocks, clearances, deals, disclosures, freezes, introductions,
    mandates, matches, organizations, programmes, rates, rule_sets, startup_profiles, users,
};
use corridor::domain::account::Role;
use corridor::domain::compliance::{Clearance, ClearanceVerdict, Freeze, FreezeScope};
use corridor::domain::disclosure::Level;
use corridor::domain::event::{Subject, SubjectKind};
use corridor::domain::introduction::{Answer, Ask, AskState, IntroductionStatus};
use corridor::domain::money::{Currency, Money};
use corridor::domain::pipeline::{Deal, DealStatus, Funding};
use corridor::domain::profile::ProfileStatus;
use corridor::domain::review::{Audience, MatchStatus};
use corridor::domain::scoring::RuleSet;
use corridor::domain::values::{OrganizationKind, PassReason, Side};
use tokio::task::JoinSet;

use super::noon;
use super::world::{World, fresh, in_three_scripts, of, organization, rules, today, user};
use crate::support::database::on_each_backend;

/// Runs a test in one transaction on each back-end.
fn in_transaction(test: fn(&mut Conn) -> Result<()>) {
    on_each_backend(async |database| {
        let db = database.open();
        db.write(test).await.expect("commits");
    });
}

/// How many of 20 writes at once answer true.
async fn winners_of_twenty<F>(db: &Db, attempt: impl Fn() -> F) -> usize
where
    F: FnOnce(&mut Conn) -> Result<bool> + Send + 'static,
{
    let mut writes = JoinSet::new();
    for _ in 0..20 {
        let (db, job) = (db.clone(), attempt());
        writes.spawn(async move { db.write(job).await });
    }
    let results = writes.join_all().await;
    assert_eq!(results.len(), 20);
    results
        .into_iter()
        .filter(|result| *result.as_ref().expect("no write fails"))
        .count()
}

fn deal(world: &World, introduction: corridor::domain::ids::IntroductionId) -> Deal {
    Deal {
        id: fresh(),
        programme: world.programme.id,
        matched: world.matched.id,
        introduction,
        startup_profile: world.profile.id,
        startup: world.startup.id,
        mandate: world.mandate.id,
        investor: world.investor.id,
        pipeline: of("investment"),
        stage: of("screening"),
        stage_entered_at: noon(0),
        status: DealStatus::OnHold,
        resume_on: Some(today()),
        close_code: None,
        reported_by: Some(Side::Investor),
        facts: BTreeMap::from([(of("term_sheet"), "מזכר הבנות, ещё не подписан".to_owned())]),
        startup_funding: Some(Funding {
            amount: Money::new(125_000_000, of::<Currency>("AZN")),
            value_date: today(),
        }),
        investor_funding: None,
        version: 1,
        created_at: noon(0),
        updated_at: noon(0),
    }
}

#[test]
fn records_come_back_as_they_were_stored_in_every_script() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let found = organizations::find(conn, world.startup.id)?;
        assert_eq!(found.as_ref(), Some(&world.startup));
        let found = users::find(conn, world.person.id)?;
        assert_eq!(found.as_ref(), Some(&world.person));
        let found = startup_profiles::find(conn, world.profile.id)?;
        assert_eq!(found.as_ref(), Some(&world.profile));
        let found = mandates::find(conn, world.mandate.id)?;
        assert_eq!(found.as_ref(), Some(&world.mandate));
        let found = programmes::find_by_slug(conn, &world.programme.details.slug)?;
        assert_eq!(found.as_ref(), Some(&world.programme));
        let found = matches::find(conn, world.matched.id)?;
        assert_eq!(found.as_ref(), Some(&world.matched));

        let introduction = world.introduction();
        introductions::insert(conn, &introduction)?;
        let found = introductions::find(conn, introduction.id)?;
        assert_eq!(found.as_ref(), Some(&introduction));
        let deal = deal(&world, introduction.id);
        assert!(deals::insert(conn, &deal)?);
        assert_eq!(deals::find(conn, deal.id)?.as_ref(), Some(&deal));
        assert_eq!(deals::due_to_resume(conn, today(), 10)?, [deal]);
        Ok(())
    });
}

#[test]
fn a_pair_gets_one_live_introduction_however_many_ask_at_once() {
    on_each_backend(async |database| {
        let db = database.open();
        let world = db.write(World::insert).await.expect("a world");
        let winners = winners_of_twenty(&db, || {
            let introduction = world.introduction();
            move |conn: &mut Conn| {
                let outcome = introductions::insert(conn, &introduction)?;
                Ok(outcome == introductions::InsertOutcome::Inserted)
            }
        })
        .await;
        assert_eq!(winners, 1);
        let mandate = world.mandate.id;
        let open = db
            .read(move |conn| introductions::open_for_mandate(conn, mandate))
            .await
            .expect("reads");
        assert_eq!(open, 1);
    });
}

#[test]
fn an_ended_introduction_makes_room_and_is_not_revived_beside_a_live_one() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let mut first = world.introduction();
        let second = world.introduction();
        introductions::insert(conn, &first)?;
        let outcome = introductions::insert(conn, &second)?;
        assert_eq!(outcome, introductions::InsertOutcome::LivePairExists);

        first.status = IntroductionStatus::Declined;
        first.version = 2;
        assert!(introductions::update(conn, &first)?);
        let outcome = introductions::insert(conn, &second)?;
        assert_eq!(outcome, introductions::InsertOutcome::Inserted);

        first.status = IntroductionStatus::Sent;
        first.version = 3;
        assert!(!introductions::update(conn, &first)?);
        // The transaction goes on.
        let found = introductions::find(conn, first.id)?.map(|it| (it.status, it.version));
        assert_eq!(found, Some((IntroductionStatus::Declined, 2)));
        Ok(())
    });
}

#[test]
fn a_stale_update_changes_nothing_and_a_fresh_one_keeps_the_old_revision() {
    in_transaction(|conn| {
        let World { profile, .. } = World::insert(conn)?;
        let mut edited = profile.clone();
        edited.content.summary = in_three_scripts();
        edited.revision = 2;
        edited.version = 2;
        assert!(startup_profiles::update(conn, &edited)?);

        let mut stale = profile.clone();
        stale.status = ProfileStatus::Paused;
        stale.version = 2;
        assert!(!startup_profiles::update(conn, &stale)?);
        let found = startup_profiles::find(conn, profile.id)?;
        assert_eq!(found.as_ref(), Some(&edited));

        let first = startup_profiles::find_revision(conn, profile.id, 1)?;
        assert_eq!(first, Some(profile.content));
        let second = startup_profiles::find_revision(conn, profile.id, 2)?;
        assert_eq!(second, Some(edited.content));
        assert!(!startup_profiles::agree_compliance(conn, profile.id, 1)?);
        assert!(startup_profiles::agree_compliance(conn, profile.id, 2)?);
        let agreed = startup_profiles::compliance_agreed_revision(conn, profile.id)?;
        assert_eq!(agreed, Some(2));
        Ok(())
    });
}

#[test]
fn one_of_twenty_updates_from_the_same_version_wins() {
    on_each_backend(async |database| {
        let db = database.open();
        let world = db.write(World::insert).await.expect("a world");
        let winners = winners_of_twenty(&db, || {
            let mut next = world.mandate.clone();
            next.version = 2;
            move |conn: &mut Conn| mandates::update(conn, &next)
        })
        .await;
        assert_eq!(winners, 1);
    });
}

#[test]
fn a_question_is_answered_once_however_many_try_at_once() {
    on_each_backend(async |database| {
        let db = database.open();
        let ask = db.write(open_ask).await.expect("an ask");
        let id = ask.id;
        let late = db
            .write(move |conn| introductions::answer_ask(conn, id, ask.expires_at))
            .await
            .expect("runs");
        assert!(!late, "its time has run out");
        let winners = winners_of_twenty(&db, || {
            move |conn: &mut Conn| introductions::answer_ask(conn, id, noon(5))
        })
        .await;
        assert_eq!(winners, 1);
        let found = db.read(move |conn| introductions::find_ask(conn, id)).await;
        let state = found.expect("reads").map(|ask| ask.state);
        assert_eq!(state, Some(AskState::Answered));
    });
}

fn open_ask(conn: &mut Conn) -> Result<Ask> {
    let world = World::insert(conn)?;
    let introduction = world.introduction();
    introductions::insert(conn, &introduction)?;
    let ask = Ask {
        id: fresh(),
        introduction: introduction.id,
        side: Side::Investor,
        person: world.other_person.id,
        state: AskState::Open,
        expires_at: noon(10),
        created_at: noon(0),
    };
    introductions::insert_ask(conn, &ask)?;
    Ok(ask)
}

#[test]
fn questions_run_out_take_more_time_and_are_voided() {
    in_transaction(|conn| {
        let ask = open_ask(conn)?;
        assert_eq!(introductions::due_asks(conn, noon(9), 10)?, []);
        assert_eq!(introductions::due_asks(conn, noon(10), 10)?, from_ref(&ask));
        assert!(introductions::extend_ask(conn, ask.id, noon(20))?);
        assert_eq!(introductions::due_asks(conn, noon(10), 10)?, []);
        assert_eq!(introductions::kill_asks(conn, ask.introduction)?, 1);
        assert!(!introductions::answer_ask(conn, ask.id, noon(5))?);
        assert!(!introductions::extend_ask(conn, ask.id, noon(30))?);
        let states: Vec<_> = introductions::asks(conn, ask.introduction)?
            .iter()
            .map(|ask| ask.state)
            .collect();
        assert_eq!(states, [AskState::Dead]);
        Ok(())
    });
}

#[test]
fn answers_come_back_whole() {
    in_transaction(|conn| {
        let ask = open_ask(conn)?;
        let answers = [
            Answer::MoreTime,
            Answer::NotNow { until: noon(99) },
            Answer::Decline {
                reason: PassReason::MarketRisk,
                share: true,
            },
            Answer::Accept,
        ];
        let mut given = Vec::new();
        for (second, answer) in (0..).zip(answers) {
            let answer = GivenAnswer {
                id: fresh(),
                introduction: ask.introduction,
                side: Side::Investor,
                ask: (second > 0).then_some(ask.id),
                answer,
                note: Some("Позже, בבקשה".to_owned()),
                person_name: "Gülnarə Həsənova".to_owned(),
                person_role: None,
                created_at: noon(second),
            };
            introductions::insert_answer(conn, &answer)?;
            given.push(answer);
        }
        assert_eq!(introductions::answers(conn, ask.introduction)?, given);
        Ok(())
    });
}

#[test]
fn a_walk_over_pages_meets_every_record_once_while_others_are_made() {
    on_each_backend(async |database| {
        let db = database.open();
        // Five in each second, so that pages end between equal times.
        let early: Vec<_> = (0..30)
            .map(|n| organization(OrganizationKind::Partner, "GE", n / 5))
            .collect();
        let expected: Vec<_> = early.iter().map(|it| it.id).collect();
        insert_organizations(&db, early).await;

        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = db
                .read(move |conn| organizations::list(conn, &partners(), after, 7))
                .await
                .expect("reads");
            let more = page.len() > 7;
            for organization in page.into_iter().take(7) {
                after = Some(Cursor {
                    created_at: organization.created_at,
                    id: organization.id.uuid(),
                });
                seen.push(organization.id);
            }
            if !more || seen.len() > 60 {
                break;
            }
            // One behind the walker and one far ahead.
            let made = [0, 1_000].map(|n| organization(OrganizationKind::Partner, "GE", n - 1));
            insert_organizations(&db, made.into()).await;
        }
        let of_the_early: Vec<_> = seen
            .iter()
            .filter(|id| expected.contains(id))
            .copied()
            .collect();
        assert_eq!(of_the_early, expected);
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len());
    });
}

fn partners() -> organizations::Filter {
    organizations::Filter {
        kind: Some(OrganizationKind::Partner),
        country: Some(of("GE")),
    }
}

async fn insert_organizations(
    db: &Db,
    organizations: Vec<corridor::domain::organization::Organization>,
) {
    db.write(move |conn| {
        for organization in &organizations {
            organizations::insert(conn, organization)?;
        }
        Ok::<_, Error>(())
    })
    .await
    .expect("commits");
}

#[test]
fn addresses_and_identifiers_belong_to_one() {
    in_transaction(|conn| {
        let World {
            startup, investor, ..
        } = World::insert(conn)?;
        let twin = user("DANA@Tamar.example");
        assert!(!users::insert(conn, &twin, "other")?);
        let (id, hash) = users::credentials(conn, &twin.email.key())?.expect("known");
        assert_eq!(
            (users::find(conn, id)?.is_some(), hash.as_str()),
            (true, "hash")
        );
        assert!(users::set_password_hash(conn, id, "new", noon(3))?);
        assert_eq!(
            users::credentials(conn, &twin.email.key())?,
            Some((id, "new".to_owned()))
        );

        let claim = organizations::claim_identifier;
        assert!(claim(conn, startup.id, "host", "tamar.example")?);
        assert!(claim(conn, startup.id, "host", "tamar.example")?);
        assert!(!claim(conn, investor.id, "host", "tamar.example")?);
        let holder = organizations::find_by_identifier(conn, "host", "tamar.example")?;
        assert_eq!(holder, Some(startup));
        Ok(())
    });
}

#[test]
fn owners_are_named_first() {
    in_transaction(|conn| {
        let World {
            startup,
            person,
            other_person,
            ..
        } = World::insert(conn)?;
        users::insert_membership(conn, person.id, startup.id, Role::Viewer, noon(0))?;
        users::insert_membership(conn, other_person.id, startup.id, Role::Owner, noon(1))?;
        users::insert_membership(conn, other_person.id, startup.id, Role::Owner, noon(2))?;
        let members: Vec<_> = users::members(conn, startup.id)?
            .into_iter()
            .map(|(user, role)| (user.id, role))
            .collect();
        assert_eq!(
            members,
            [(other_person.id, Role::Owner), (person.id, Role::Viewer)]
        );
        let [membership] = users::memberships(conn, person.id)?[..] else {
            panic!("one membership");
        };
        assert_eq!(membership.organization, startup.id);
        assert_eq!(membership.kind, OrganizationKind::Startup);
        Ok(())
    });
}

#[test]
fn a_programme_answers_who_is_in_it() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let id = world.programme.id;
        assert!(!programmes::admit_startup(
            conn,
            id,
            world.profile.id,
            noon(1)
        )?);
        assert!(programmes::is_startup_admitted(conn, id, world.profile.id)?);
        assert!(!programmes::is_mandate_admitted(
            conn,
            fresh(),
            world.mandate.id
        )?);
        assert!(programmes::is_party(conn, id, world.investor.id)?);
        assert!(!programmes::is_party(conn, id, world.startup.id)?);
        assert_eq!(programmes::startups(conn, id)?, from_ref(&world.profile));
        assert_eq!(programmes::mandates(conn, id)?, from_ref(&world.mandate));
        let of_startup = programmes::programmes_of_startup(conn, world.profile.id)?;
        assert_eq!(of_startup, from_ref(&world.programme));
        let of_mandate = programmes::programmes_of_mandate(conn, world.mandate.id)?;
        assert_eq!(of_mandate, from_ref(&world.programme));

        let filter = startup_profiles::Filter {
            programme: Some(id),
            status: Some(ProfileStatus::Published),
            ..Default::default()
        };
        let listed = startup_profiles::list(conn, &filter, None, 10)?;
        assert_eq!(listed, [world.profile]);

        let mut narrower = world.programme;
        narrower.details.corridors.truncate(1);
        narrower.version = 2;
        assert!(programmes::update(conn, &narrower)?);
        assert_eq!(programmes::find(conn, id)?.as_ref(), Some(&narrower));
        assert!(!programmes::update(conn, &narrower)?);
        Ok(())
    });
}

#[test]
fn the_same_rules_are_kept_once() {
    in_transaction(|conn| {
        let rules = rules();
        let twin = RuleSet {
            id: fresh(),
            ..rules.clone()
        };
        assert_eq!(rule_sets::insert_if_new(conn, &rules, noon(0))?, rules.id);
        assert_eq!(rule_sets::insert_if_new(conn, &twin, noon(1))?, rules.id);
        assert_eq!(rule_sets::find(conn, twin.id)?, None);
        assert_eq!(rule_sets::list(conn)?, [rules]);
        Ok(())
    });
}

#[test]
fn rates_of_a_day_stay_and_the_last_day_counts() {
    in_transaction(|conn| {
        let azn: Currency = of("AZN");
        let yesterday = today() - Days::new(1);
        assert_eq!(rates::latest(conn, today())?, None);
        assert_eq!(rates::insert(conn, yesterday, &[(azn, 588_235)])?, 1);
        assert_eq!(rates::insert(conn, yesterday, &[(azn, 1)])?, 0);
        let found = rates::latest(conn, today())?.expect("rates");
        assert_eq!(found.date, yesterday);
        assert_eq!(found.usd_cents(Money::new(10_000, azn)), Some(5_882));
        assert_eq!(rates::latest(conn, yesterday - Days::new(1))?, None);
        Ok(())
    });
}

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
                valid_to: today(),
                created_at: noon(second),
            };
            clearances::insert(conn, &clearance, world.person.id)?;
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
            created_at: noon(0),
        };
        freezes::insert(conn, &freeze, one)?;
        assert_eq!(freezes::active(conn)?, from_ref(&freeze));
        assert!(
            !freezes::lift(conn, freeze.id, two, noon(1), 1)?,
            "nobody asked yet"
        );
        assert!(freezes::first_lift(conn, freeze.id, one, noon(1), 1)?);
        assert!(
            !freezes::first_lift(conn, freeze.id, two, noon(1), 1)?,
            "stale"
        );
        assert!(
            !freezes::lift(conn, freeze.id, one, noon(2), 2)?,
            "the same person"
        );
        assert!(freezes::lift(conn, freeze.id, two, noon(2), 2)?);
        assert_eq!(freezes::active(conn)?, []);
        assert_eq!(freezes::list(conn, true, None, 10)?, []);
        let all = freezes::list(conn, false, None, 10)?;
        let record = freezes::find(conn, freeze.id)?.expect("kept");
        assert_eq!(record.lifted_by, Some(two));
        assert_eq!(all, [record]);
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
        let release = |by, valid_to, at| Release {
            profile: world.profile.id,
            revision: 1,
            programme: world.programme.id,
            counterpart: of("AZ"),
            by,
            reason: "müsbət rəy".to_owned(),
            valid_to,
            at,
        };
        let (one, two) = (world.person.id, world.other_person.id);
        let count = |conn: &mut Conn, day| {
            let (profile, programme) = (world.profile.id, world.programme.id);
            disclosures::releases(conn, profile, 1, programme, of("AZ"), day)
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

#[test]
fn a_match_is_single_while_it_lives_and_seen_by_whom_it_was_released_to() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let mut twin = world.matched.clone();
        twin.id = fresh();
        let outcome = matches::insert(conn, &twin)?;
        assert_eq!(outcome, matches::InsertOutcome::LiveMatchExists);

        let mut released = world.matched.clone();
        released.status = MatchStatus::Released;
        released.released_to = Some(Audience::Investor);
        released.version = 2;
        assert!(matches::update(conn, &released)?);
        let visible_to = |conn: &mut Conn, organization| {
            let filter = matches::Filter {
                visible_to: Some(organization),
                ..Default::default()
            };
            matches::list(conn, &filter, None, 10)
        };
        assert_eq!(visible_to(conn, world.investor.id)?, [released.clone()]);
        assert_eq!(visible_to(conn, world.startup.id)?, []);

        let key = (
            released.programme,
            released.startup_profile,
            released.mandate,
        );
        let live = matches::live_of(conn, key.0, key.1, key.2)?;
        assert_eq!(live, Some(released.clone()));
        released.status = MatchStatus::Passed;
        released.version = 3;
        assert!(matches::update(conn, &released)?);
        assert_eq!(matches::live_of(conn, key.0, key.1, key.2)?, None);
        let outcome = matches::insert(conn, &twin)?;
        assert_eq!(outcome, matches::InsertOutcome::Inserted);
        Ok(())
    });
}

#[test]
fn an_introduction_comes_to_one_deal() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let introduction = world.introduction();
        introductions::insert(conn, &introduction)?;
        let first = deal(&world, introduction.id);
        assert!(deals::insert(conn, &first)?);
        assert!(!deals::insert(conn, &deal(&world, introduction.id))?);
        let filter = deals::Filter {
            organization: Some(world.investor.id),
            stage: Some(of("screening")),
            ..Default::default()
        };
        assert_eq!(deals::list(conn, &filter, None, 10)?, [first]);
        Ok(())
    });
}

#[test]
fn what_was_to_be_confirmed_before_today_is_due() {
    in_transaction(|conn| {
        let World {
            profile, mandate, ..
        } = World::insert(conn)?;
        let tomorrow = today() + Days::new(1);
        assert_eq!(startup_profiles::due_for_freshness(conn, today(), 10)?, []);
        assert_eq!(
            startup_profiles::due_for_freshness(conn, tomorrow, 10)?,
            [profile]
        );
        assert_eq!(mandates::due_for_freshness(conn, today(), 10)?, []);
        assert_eq!(mandates::due_for_freshness(conn, tomorrow, 10)?, [mandate]);
        Ok(())
    });
}

#[test]
fn review_comments_and_deal_notes_keep_their_words() {
    in_transaction(|conn| {
        let world = World::insert(conn)?;
        let comment = ReviewComment {
            id: fresh(),
            revision: 1,
            pointer: "/one_liner/en".to_owned(),
            comment: "נא לתרגם".to_owned(),
            author: world.person.id,
            created_at: noon(1),
        };
        startup_profiles::insert_comments(conn, world.profile.id, from_ref(&comment))?;
        assert_eq!(
            startup_profiles::comments(conn, world.profile.id)?,
            [comment]
        );

        let introduction = world.introduction();
        introductions::insert(conn, &introduction)?;
        let deal = deal(&world, introduction.id);
        deals::insert(conn, &deal)?;
        let note = deals::DealNote {
            id: fresh(),
            deal: deal.id,
            action: "hold".to_owned(),
            note: "до весны".to_owned(),
            author: world.person.id,
            created_at: noon(2),
        };
        deals::insert_note(conn, &note)?;
        assert_eq!(deals::notes(conn, deal.id)?, [note]);
        Ok(())
    });
}
