//! Firms, people, profiles, mandates and the programmes they are in.

use std::slice::from_ref;

use chrono::Days;
use corridor::db::page::Cursor;
use corridor::db::review_comments::{self, ReviewComment};
use corridor::db::together::Together;
use corridor::db::{
    Conn, Db, Error, deals, introductions, mandates, organizations, programmes, rates, rule_sets,
    sessions, startup_profiles, users,
};
use corridor::domain::account::Role;
use corridor::domain::deal_work::{Camp, DealNote, Marks, NoteState, Reader, Visibility};
use corridor::domain::ids::UserId;
use corridor::domain::money::{Currency, Money};
use corridor::domain::profile::{ProfileStatus, StartupProfile};
use corridor::domain::scoring::RuleSet;
use corridor::domain::session::Session;
use corridor::domain::values::OrganizationKind;

use super::noon;
use super::world::{
    World, deal, fresh, in_three_scripts, in_transaction, of, organization, rules, today, user,
    winners_of_twenty,
};
use crate::support::database::on_each_backend;

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
        assert!(!startup_profiles::agree_compliance(
            conn, profile.id, 1, None
        )?);
        assert!(startup_profiles::agree_compliance(
            conn, profile.id, 2, None
        )?);
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
                after = Some(Cursor::at(organization.created_at, organization.id));
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

#[test]
fn what_a_session_says_of_its_person_changes_with_their_parts() {
    in_transaction(|conn| {
        let mut firm = organization(OrganizationKind::Partner, "GE", 0);
        organizations::insert(conn, &firm)?;
        let person = user("nino@partner.example");
        assert!(users::insert(conn, &person, "hash")?);
        let session = session_of(person.id);
        sessions::insert(conn, &session)?;
        let mut known = Vec::new();
        let mut look = |conn: &mut Conn| {
            let live = sessions::credentials(conn, session.id)?;
            known.push(live.expect("it is live").parts_version);
            Ok::<_, Error>(())
        };
        look(conn)?;
        users::insert_membership(conn, person.id, firm.id, Role::Viewer, noon(0))?;
        look(conn)?;
        // Given again, nothing changes.
        users::insert_membership(conn, person.id, firm.id, Role::Viewer, noon(0))?;
        look(conn)?;
        // Of another kind, the firm gives its people other rights.
        firm.details.kind = OrganizationKind::Investor;
        firm.version += 1;
        assert!(organizations::update(conn, &firm)?);
        look(conn)?;
        assert!(users::remove_membership(
            conn,
            person.id,
            firm.id,
            Role::Viewer
        )?);
        look(conn)?;
        assert_eq!(known, [1, 2, 2, 3, 4]);
        Ok(())
    });
}

fn session_of(user: UserId) -> Session {
    Session {
        id: fresh(),
        user,
        second_factor: false,
        agent: None,
        address: None,
        created_at: noon(0),
        last_used_at: noon(0),
        expires_at: noon(0) + Days::new(1),
        ended: None,
    }
}

fn partners() -> organizations::Filter {
    organizations::Filter {
        kind: Some(OrganizationKind::Partner),
        country: Some(of("GE")),
        ..organizations::Filter::default()
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
        let paused = StartupProfile {
            status: ProfileStatus::Paused,
            version: world.profile.version + 1,
            ..world.profile.clone()
        };
        let said = review_comments::insertions(paused.id, from_ref(&comment));
        let stored: Together<Error> = startup_profiles::moving(&paused).with_all(said);
        stored.store(conn)?;
        assert_eq!(review_comments::of(conn, world.profile.id)?, [comment]);

        let introduction = world.introduction();
        introductions::insert(conn, &introduction)?;
        let deal = deal(&world, introduction.id);
        deals::insert(conn, &deal)?;
        let note = DealNote {
            id: fresh(),
            deal: deal.id,
            action: "hold".to_owned(),
            note: "до весны".to_owned(),
            marks: Marks {
                visibility: Visibility::Team,
                camp: Camp::Operator,
                author: world.person.id,
            },
            state: NoteState::Shown,
            first_cleared_by: None,
            gate_only: false,
            created_at: noon(2),
        };
        corridor::db::deal_notes::insert(conn, &note)?;
        let reader = |camp| Reader {
            person: fresh::<uuid::Uuid>().into(),
            camps: vec![camp],
            sees_across: true,
        };
        let mut seen = |camp| corridor::db::deal_notes::list(conn, deal.id, &reader(camp), None, 5);
        assert_eq!(seen(Camp::Operator)?, [note]);
        assert_eq!(seen(Camp::Startup)?, []);
        Ok(())
    });
}
