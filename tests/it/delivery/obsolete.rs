//! Mail that is no longer wanted when its turn comes.

use chrono::TimeDelta;
use corridor::db::outbox::{self, State};
use corridor::db::{self, Conn};
use corridor::domain::compliance::FreezeScope;
use corridor::jobs;
use corridor::services::freezes::{self, NewFreeze};
use corridor::services::notices::{self, Prepared};
use corridor::services::{Caller, compliance};
use serde_json::json;
use uuid::Uuid;

use super::letters::{assert_nothing_of, secrets};
use super::{Post, options};
use crate::api::stage::Who;
use crate::support::database::on_each_backend;
use crate::support::smtp::{Fault, Received};

#[test]
fn a_gate_that_closes_after_the_second_yes_lets_no_introduction_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        keep_apart(&post).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "blocked");
        let received = post.server.received();
        assert!(!received.iter().any(Received::connects));
        let intent = format!("introduction:{}", introduction.rsplit('/').next().unwrap());
        let queue = post.queue().await;
        let message = queue.iter().find(|it| it.intent_key.starts_with(&intent));
        assert_eq!(message.unwrap().state, State::Done);
        let noted = post.noted().await;
        assert!(noted.iter().any(|kind| kind == "message.dropped"));
        // Nobody's name went out with the mail that says it came to nothing.
        let [_, to_dana, to_gul] = received.as_slice() else {
            panic!("{} mails", received.len())
        };
        assert_eq!(to_dana.to, ["<dana@mail.example>"]);
        assert_nothing_of(to_dana, &secrets(&post, Who::Gul));
        assert_eq!(to_gul.to, ["<gul@mail.example>"]);
        assert_nothing_of(to_gul, &secrets(&post, Who::Dana));
    });
}

/// Neither had a way to take the yes back; what either did instead counts.
#[test]
fn a_mandate_that_excludes_the_startup_after_the_second_yes_lets_no_mail_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let excluding = json!({
            "excluded_tags": ["water_loss"], "tags": {"water_loss": null, "agri_food": 3},
        });
        let edited = post.stage.edit(Who::Gul, &mandate, excluding).await;
        edited.expect(200);
        post.send().await;
        assert_eq!(post.status(&introduction).await, "blocked");
        let received = post.server.received();
        assert!(!received.iter().any(Received::connects));
    });
}

#[test]
fn a_pass_after_the_second_yes_lets_no_mail_out_and_a_pause_does() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        let pause = json!({"action": "pause"});
        let mandate = format!("/v1/mandates/{}", post.stage.mandate.id);
        let paused = post.stage.go(Who::Gul, &mandate, pause).await;
        paused.expect(200);
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
    });
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        let (startup, investor) = (post.stage.startup.id, post.stage.investor.id);
        let until = post.now() + TimeDelta::days(30);
        let suppress = move |conn: &mut Conn| db::matches::suppress(conn, startup, investor, until);
        post.stage.context.db.write(suppress).await.unwrap();
        post.send().await;
        assert_eq!(post.status(&introduction).await, "blocked");
    });
}

#[test]
fn a_gate_that_closes_before_the_question_is_mailed_lets_none_out() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.stage.introduction(Who::Dana).await;
        freeze(&post).await;
        post.send().await;
        assert!(post.server.received().is_empty());
    });
}

#[test]
fn a_licence_that_ends_stops_an_introduction_just_before_it_is_sent() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let mut profile = post.stage.profile.clone();
        profile.version += 1;
        profile.content.controls.as_mut().unwrap().dual_use = true;
        let write = move |conn: &mut Conn| db::startup_profiles::update(conn, &profile);
        assert!(post.stage.context.db.write(write).await.unwrap());
        let path = format!("/v1/organizations/{}/licences", post.stage.startup.id);
        let licence = crate::api::licences::licence(&["AZ"], "2026-11-26");
        let made = post.stage.post(Who::Dana, &path, licence).await;
        let licence = made.location.clone().unwrap();
        let check = json!({ "action": "check" });
        post.stage
            .go(Who::Compliance, &licence, check)
            .await
            .expect(200);
        let introduction = post.agreed().await;
        post.advance(TimeDelta::days(4));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "held");
        let received = post.server.received();
        assert!(!received.iter().any(Received::connects));
    });
}

/// A freeze is lifted some day; what both agreed to waits for it.
#[test]
fn an_introduction_waits_for_a_freeze_to_be_lifted_by_two_people() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        let freeze = freeze(&post).await;
        let asked = post.server.received().len();
        post.send().await;
        assert_eq!(post.status(&introduction).await, "both_accepted");
        assert_eq!(post.server.received().len(), asked);

        let context = &post.stage.context;
        let first = officer(&post, Who::Compliance).await;
        let second = officer(&post, Who::SecondCompliance).await;
        assert!(
            !freezes::lift(context, &first, None, freeze, None, "Over.".to_owned())
                .await
                .unwrap()
        );
        assert!(
            freezes::lift(context, &first, None, freeze, None, "Over.".to_owned())
                .await
                .is_err()
        );
        assert!(
            freezes::lift(context, &second, None, freeze, None, "Over.".to_owned())
                .await
                .unwrap()
        );
        post.advance(TimeDelta::hours(2));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

#[test]
fn a_gate_that_closes_for_good_before_the_question_is_mailed_ends_it() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        keep_apart(&post).await;
        post.send().await;
        assert_eq!(post.status(&introduction).await, "blocked");
        let received = post.server.received();
        let to: Vec<_> = received.iter().map(|mail| mail.to.clone()).collect();
        assert_eq!(to, [["<dana@mail.example>"]], "who asked is told");
    });
}

/// Waiting is no attempt, so a long freeze leaves all of them.
#[test]
fn waiting_for_the_gate_uses_up_no_attempts() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.agreed().await;
        let freeze = freeze(&post).await;
        for _ in 0..=options().patience.attempts {
            assert_eq!(post.send().await, 1);
            post.advance(TimeDelta::hours(1));
        }
        let waiting = post.last().await;
        assert_eq!((waiting.state, waiting.attempts), (State::Pending, 0));
        lift(&post, freeze).await;
        post.server.fail(Fault::Content("452 no room"));
        post.send().await;
        post.advance(TimeDelta::hours(8));
        post.send().await;
        assert_eq!(post.status(&introduction).await, "sent");
    });
}

pub(super) async fn lift(post: &Post, freeze: Uuid) {
    let mut lifted = vec![];
    for who in [Who::Compliance, Who::SecondCompliance] {
        let officer = officer(post, who).await;
        let done = freezes::lift(
            &post.stage.context,
            &officer,
            None,
            freeze,
            None,
            "Over.".to_owned(),
        )
        .await;
        lifted.push(done.unwrap());
    }
    assert_eq!(lifted, [false, true]);
}

pub(super) async fn officer(post: &Post, who: Who) -> Caller {
    let user = post.stage.user(who).clone();
    let id = user.id;
    let memberships = post
        .stage
        .context
        .db
        .read(move |conn| db::users::memberships(conn, id))
        .await
        .unwrap();
    Caller::new(user, memberships)
}

pub(super) async fn freeze(post: &Post) -> Uuid {
    let officer = officer(post, Who::Compliance).await;
    let scope = FreezeScope::Country("IL".parse().unwrap());
    let reason = "A standing order.".to_owned();
    let order = NewFreeze::of(scope, reason);
    let ordered = freezes::order(&post.stage.context, &officer, None, order).await;
    ordered.unwrap().freeze.id
}

pub(super) async fn keep_apart(post: &Post) {
    let compliance_officer = officer(post, Who::Compliance).await;
    let startup = officer(post, Who::Dana).await.memberships[0].organization;
    let investor = officer(post, Who::Gul).await.memberships[0].organization;
    let reason = "A conflict of interest.".to_owned();
    compliance::block(
        &post.stage.context,
        &compliance_officer,
        None,
        startup,
        investor,
        reason,
    )
    .await
    .unwrap();
}

#[test]
fn a_question_whose_time_has_passed_is_not_mailed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        post.advance(TimeDelta::days(30));
        assert_eq!(post.send().await, 1);
        assert!(post.server.received().is_empty());
        assert_eq!(post.noted().await, ["message.dropped"]);

        jobs::clock::strike(&post.stage.context).await.unwrap();
        assert_eq!(post.status(&introduction).await, "expired");
        post.send().await;
        let received = post.server.received();
        let to: Vec<_> = received.iter().map(|mail| mail.to.clone()).collect();
        assert_eq!(to, [["<dana@mail.example>"]]);
    });
}

#[test]
fn a_question_withdrawn_meanwhile_is_not_mailed() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        let back = json!({"action": "withdraw"});
        post.stage
            .go(Who::Dana, &introduction, back)
            .await
            .expect(200);
        let context = &post.stage.context;
        let (holder, now) = (Uuid::now_v7(), post.now());
        let claim = move |conn: &mut Conn| outbox::claim(conn, holder, now, options().lease, 10);
        let claimed = context.db.write(claim).await.unwrap();
        let asks = claimed
            .iter()
            .filter(|it| it.intent_key.starts_with("introduction_ask"));
        for ask in asks {
            let prepared = notices::prepare(context, ask, holder).await.unwrap();
            assert!(matches!(prepared, Prepared::Obsolete(_)));
        }
    });
}
