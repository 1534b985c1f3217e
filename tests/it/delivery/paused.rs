//! The page of a question while a freeze is in force, or somebody of compliance
//! has to decide: nothing is lost, and what happens next is said.

use chrono::{Days, TimeDelta};
use corridor::db::{self, Conn};
use corridor::domain::compliance::{Clearance, ClearanceVerdict};
use corridor::domain::introduction::IntroductionStatus;
use corridor::jobs::clock;

use super::Post;
use super::obsolete::{freeze, lift};
use crate::api::stage::{Who, clearance};
use crate::support::database::on_each_backend;

/// How the page begins for Gul, and for Dana.
const PAUSED: [&str; 2] = ["Bu tanışlıq dayandırılıb", "ההיכרות הזו מושהית"];

const YES: [(&str, &str); 2] = [("answer", "accept"), ("name", "Gül")];

impl Post {
    async fn investor_needs_a_look(&self, verdict: ClearanceVerdict) {
        let context = self.stage.context.clone();
        let firm = self.stage.investor.clone();
        let by = self.stage.user(Who::Compliance).id;
        let write = move |conn: &mut Conn| {
            let new = Clearance {
                verdict,
                valid_to: context.now().date_naive() + Days::new(365),
                ..clearance(&context, &firm, by)
            };
            db::clearances::insert(conn, &new)
        };
        self.stage.context.db.write(write).await.unwrap();
    }
}

#[test]
fn a_question_is_paused_in_a_freeze_and_answered_after_it() {
    for (asks, heading) in [(Who::Dana, PAUSED[0]), (Who::Curator, PAUSED[1])] {
        on_each_backend(async |database| {
            let post = Post::open(database).await;
            let introduction = post.stage.introduction(asks).await;
            let page = post.stage.question(&introduction).await;
            let frozen = freeze(&post).await;
            let shown = post.stage.open(&page).await;
            assert_eq!(shown.status, 200);
            assert!(shown.text.contains(heading), "{}", shown.text);
            assert!(!shown.text.contains("<form"), "{}", shown.text);
            let sent = post.stage.submit(&page, &YES).await;
            assert_eq!(sent.status, 409);
            assert!(sent.text.contains(heading), "{}", sent.text);
            // Its time runs out in the freeze, and begins again.
            post.advance(TimeDelta::days(30));
            assert!(post.stage.open(&page).await.text.contains(heading));
            clock::strike(&post.stage.context).await.unwrap();
            assert_eq!(post.status(&introduction).await, "frozen");
            assert!(post.stage.open(&page).await.text.contains(heading));
            lift(&post, frozen).await;
            assert!(post.stage.open(&page).await.text.contains("<form"));
            assert_eq!(post.stage.submit(&page, &YES).await.status, 303);
            assert_ne!(post.status(&introduction).await, "asking_first");
        });
    }
}

#[test]
fn a_question_that_waits_for_a_decision_is_paused_and_does_not_expire() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Dana).await;
        let page = post.stage.question(&introduction).await;
        post.investor_needs_a_look(ClearanceVerdict::Review).await;
        let shown = post.stage.open(&page).await;
        assert!(shown.text.contains(PAUSED[0]), "{}", shown.text);
        assert_eq!(post.stage.submit(&page, &YES).await.status, 409);
        post.advance(TimeDelta::days(30));
        clock::strike(&post.stage.context).await.unwrap();
        let held = IntroductionStatus::Held.code();
        assert_eq!(post.status(&introduction).await, held);
        // Whoever opens the old link reads the same.
        assert!(post.stage.open(&page).await.text.contains(PAUSED[0]));
    });
}
