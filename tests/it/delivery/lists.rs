//! Lists of introductions ask for all their rows at once.

use corridor::db::Conn;
use corridor::services::Caller;
use corridor::services::introductions::{self, Filter};

use super::Post;
use crate::api::stage::{BLURB, Who};
use crate::db::plans::statements;
use crate::support::database::{Database, on_runtime};

impl Post {
    /// How many statements it takes somebody to list the introductions of the
    /// investor, and how many rows they read.
    async fn listing(&self, who: Who) -> (usize, usize) {
        let (context, user) = (self.stage.context.clone(), self.stage.user(who).clone());
        let filter = Filter {
            visible_to: Some(self.stage.investor.id),
            ..Filter::default()
        };
        let list = move |conn: &mut Conn| {
            let parts = corridor::db::users::memberships(conn, user.id)?;
            let caller = Caller::new(user, parts);
            let mut rows = 0;
            let asked = statements(conn, |conn| {
                let listed = introductions::list_in(&context, conn, &caller, &filter, None, 100);
                rows = listed.unwrap().len();
            });
            Ok::<_, corridor::db::Error>((asked.len(), rows))
        };
        self.stage.context.db.read(list).await.unwrap()
    }
}

#[test]
fn more_rows_of_a_list_take_no_more_statements() {
    on_runtime(async {
        let database = Database::sqlite();
        let post = Post::open(&database).await;
        let matches = post.shown(4).await;
        let ask = async |matched: &str| {
            let made = post.stage.request_introduction(Who::Gul, matched, BLURB);
            let made = made.await;
            let location = made.location.clone().unwrap();
            made.expect(201);
            location
        };
        let first = ask(&matches[0]).await;
        let (one, rows) = post.listing(Who::Gul).await;
        assert_eq!(rows, 1);
        for matched in &matches[1..] {
            ask(matched).await;
        }
        assert_eq!(post.listing(Who::Gul).await, (one, 4));
        // Where the other side has agreed the gate is asked, and what it goes by
        // is not loaded for each row anew.
        let yes = serde_json::json!({"action": "accept"});
        post.stage.go(Who::Dana, &first, yes).await.expect(200);
        let (gated, _) = post.listing(Who::Gul).await;
        assert!(gated > one, "the gate was not asked");
    });
}
