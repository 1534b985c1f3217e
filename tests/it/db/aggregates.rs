//! Matches, introductions and deals: what is stored comes back, and what must
//! be unique or single-use stays so when many try at once.

use std::slice::from_ref;

use corridor::db::introductions::GivenAnswer;
use corridor::db::{
    Conn, Result, deals, introductions, mandates, matches, organizations, programmes,
    startup_profiles, users,
};
use corridor::domain::introduction::{Answer, Ask, AskState, IntroductionStatus};
use corridor::domain::review::{Audience, MatchStatus};
use corridor::domain::search::Query;
use corridor::domain::tag::Taxonomy;
use corridor::domain::text::{LocalText, TextState};
use corridor::domain::values::{PassReason, Side};

use super::noon;
use super::world::{World, deal, fresh, in_transaction, of, today, winners_of_twenty};
use crate::support::database::on_each_backend;

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
        remind_at: None,
        reminders: 0,
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

/// On SQLite the words of a group of writes go into the search together, and
/// each write may still be undone by itself.
#[test]
fn words_are_found_as_the_last_write_that_stood_left_them() {
    on_each_backend(async |database| {
        let db = database.open();
        let world = db.write(World::insert).await.expect("a world");
        let (first, firm) = (world.profile.clone(), world.startup.clone());
        let said = |text: &str, version: i64| {
            let mut profile = first.clone();
            let text = LocalText {
                text: text.to_owned(),
                state: TextState::Original,
            };
            profile.content.one_liner = [(of("en"), text)].into_iter().collect();
            (profile.version, profile.revision) = (version, version);
            profile
        };
        let (second, third) = (said("Turbines", 2), said("Membranes", 2));
        let undone = db.write(move |conn: &mut Conn| -> Result<()> {
            assert!(startup_profiles::update(conn, &second)?);
            Err(corridor::db::Error::Outdated)
        });
        let fourth = said("Pipes", 3);
        let kept = db.write(move |conn: &mut Conn| {
            let changed = startup_profiles::update(conn, &third)?;
            Ok::<_, corridor::db::Error>(changed && startup_profiles::update(conn, &fourth)?)
        });
        // Queued at once, so that they share a group.
        let (undone, kept) = tokio::join!(undone, kept);
        assert!(undone.is_err());
        assert!(kept.expect("stands"));
        let taxonomy = Taxonomy::new("1".to_owned(), Vec::new(), Vec::new()).expect("none");
        for (words, found) in [
            ("turbines", 0),
            ("membranes", 0),
            ("pipes", 1),
            ("oğulları", 1),
        ] {
            let filter = startup_profiles::Filter {
                organization: Some(firm.id),
                query: Query::parse(words, &taxonomy).expect("a query"),
                ..startup_profiles::Filter::default()
            };
            let listed = db
                .read(move |conn: &mut Conn| startup_profiles::list(conn, &filter, None, 10))
                .await
                .expect("a list");
            assert_eq!(listed.len(), found, "{words}");
        }
    });
}
