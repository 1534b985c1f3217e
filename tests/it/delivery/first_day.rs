//! A founder's way from nothing to a published profile, over HTTP and real
//! mail alone: registered, confirmed on the mailed page, signed in, written,
//! submitted, let through by a curator, published.

use reqwest::Method;
use serde_json::{Value, json};

use super::Post;
use crate::api::stage::{Answer, Who};
use crate::support::builders::{PASSWORD, address, registration, whole_profile};
use crate::support::database::on_each_backend;

const NAME: &str = "Negev Dew";

impl Post {
    /// What somebody with that token is answered; without one a stranger.
    async fn asks(&self, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.stage.bare(method.as_str(), path);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("If-Match", "*").json(body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// The page that the newest mail to that address leads to.
    fn mailed_page(&self, address: &str) -> String {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to == [format!("<{address}>")]);
        let text = mails.pop().expect("a mail").text;
        let (_, rest) = text.split_once("/tickets/").expect("a link");
        let token = rest.split_whitespace().next().expect("its end");
        format!("/tickets/{token}")
    }
}

/// From the registration to a session, by the page that was mailed.
async fn signed_in(post: &Post) -> String {
    let email = address(NAME);
    let body = registration("startup", NAME, "IL");
    let sent = post.asks("", Method::POST, "/v1/registrations", Some(&body));
    sent.await.expect(202);
    let session = json!({"email": email, "password": PASSWORD});
    let sign_in = async || {
        post.asks("", Method::POST, "/v1/sessions", Some(&session))
            .await
    };
    assert_eq!(sign_in().await.status, 401, "not confirmed");
    post.send().await;

    let page = post.mailed_page(&email);
    let shown = post.stage.open(&page).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(shown.text.contains("name=\"password\"") && shown.text.contains("value=\"confirm\""));
    assert_eq!(sign_in().await.status, 401, "a scanner followed the link");
    let form = [("action", "confirm"), ("password", PASSWORD)];
    let done = post.stage.submit(&page, &form).await;
    assert_eq!(
        (done.status, done.location.as_deref()),
        (303, Some(&*page)),
        "{}",
        done.text
    );
    let after = post.stage.open(&page).await;
    assert_eq!(after.status, 200, "{}", after.text);
    assert!(!after.text.contains("<form"), "nothing is left to do");
    assert_eq!(post.stage.submit(&page, &form).await.status, 409, "once");
    let session = sign_in().await.expect(201);
    session["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_founder_comes_from_a_registration_to_a_published_profile() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let token = signed_in(&post).await;
        let me = post.asks(&token, Method::GET, "/v1/me", None).await;
        let me = me.expect(200);
        assert_eq!(me["memberships"][0]["role"], "owner");
        let own = me["memberships"][0]["organization"].as_str().unwrap();

        let path = "/v1/startup-profiles";
        let body = whole_profile();
        let made = post.asks(&token, Method::POST, path, Some(&body)).await;
        let profile = made.location.clone().expect("where it is");
        let draft = made.expect(201);
        assert_eq!(
            (&draft["status"], &draft["organization"]),
            (&json!("draft"), &json!(own))
        );
        let transitions = format!("{profile}/transitions");
        let act = async |action: &str| {
            let body = json!({"action": action});
            post.asks(&token, Method::POST, &transitions, Some(&body))
                .await
        };
        // Nobody lets through or shows what they wrote themselves.
        for early in ["approve", "publish"] {
            let status = act(early).await.status;
            assert!(matches!(status, 403 | 409), "{early}: {status}");
        }
        // Nobody else agrees for the firm that it is proposed to others.
        let submit = json!({"action": "submit"});
        let refused = post.stage.go(Who::Curator, &profile, submit).await;
        assert_eq!(refused.code(409), "consent_needed");
        let open = post.stage.get(Who::Curator, &transitions).await.expect(200);
        let open = open["available"].as_array().unwrap().clone();
        let listed = open.iter().find(|it| it["action"] == "submit").unwrap();
        assert_eq!(listed["blocked_by"]["code"], "consent_needed");
        let consents = "/v1/me/consents";
        let none = post.asks(&token, Method::GET, consents, None).await;
        assert_eq!(none.expect(200)["items"], json!([]));
        // What is agreed to can be read before.
        let open = post.asks(&token, Method::GET, &transitions, None).await;
        let open = open.expect(200)["available"].as_array().unwrap().clone();
        let listed = open.iter().find(|it| it["action"] == "submit").unwrap();
        assert_eq!(act("submit").await.expect(200)["status"], "submitted");
        let given = post.asks(&token, Method::GET, consents, None).await;
        let given = given.expect(200)["items"].clone();
        assert_eq!(
            (&given[0]["purpose"], &given[0]["method"]),
            (&json!("introductions"), &json!("submission"))
        );
        let shown = &listed["agreement"];
        assert_eq!(shown["text_hash"], given[0]["text_hash"]);
        let words = shown["words"].as_str().unwrap();
        let words = post
            .asks(&token, Method::GET, words, None)
            .await
            .expect(200);
        for told in ["text", "text_hash", "language"] {
            assert_eq!(words[told], given[0][told]);
        }
        for (action, status) in [("claim", "in_review"), ("approve", "approved")] {
            let body = json!({"action": action});
            let moved = post.stage.go(Who::Curator, &profile, body).await;
            assert_eq!(moved.expect(200)["status"], status);
        }
        assert_eq!(act("publish").await.expect(200)["status"], "published");

        let seen = post.stage.get(Who::Curator, &profile).await.expect(200);
        assert_eq!(
            (&seen["status"], &seen["claimed"]),
            (&json!("published"), &json!(true))
        );
        assert_eq!(post.stage.get(Who::Gul, &profile).await.status, 404);
        let found = post
            .stage
            .get(Who::Curator, "/v1/startup-profiles?q=Negev%20Dew");
        let found = found.await.expect(200);
        assert_eq!(found["items"][0]["id"], seen["id"]);
        // The founder heard of it, and no mail carries the password.
        post.send().await;
        let mut mails = post.mails();
        mails.retain(|mail| mail.to == [format!("<{}>", address(NAME))]);
        assert!(mails.len() >= 2, "{}", mails.len());
        assert!(mails.iter().all(|mail| !mail.text.contains(PASSWORD)));
    });
}
