//! What the mails say, and what they don't.

use corridor::db::{self, Conn};
use corridor::domain::scoring::Factor;
use corridor::domain::text::Language;
use mail_parser::{Message, MessageParser};
use serde_json::json;

use super::Post;
use crate::api::stage::{BLURB, INVESTOR, STARTUP, Who};
use crate::support::database::{Database, on_each_backend};
use crate::support::smtp::Received;

#[test]
fn the_introduction_connects_both_and_says_who_asked_and_why() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        post.agreed().await;
        post.send().await;
        let received = post.server.received();
        let mail = received.last().unwrap();
        let message = parse(mail);
        let both = ["dana@mail.example", "gul@mail.example"];
        let connecting: Vec<_> = received.iter().filter(|mail| mail.connects()).collect();
        let to: Vec<_> = connecting.iter().flat_map(|mail| mail.to.clone()).collect();
        assert_eq!(to, both.map(|address| format!("<{address}>")));
        assert!(connecting.iter().all(|one| one.content == mail.content));
        assert_eq!(addresses(message.to()), both);
        assert_eq!(addresses(message.reply_to()), both);
        assert_eq!(addresses(message.from()), ["intro@corridor.example"]);
        let from = message.from().unwrap().first().unwrap().name();
        assert_eq!(from, Some("Water bridge"), "in the programme's name");
        assert!(message.cc().is_none(), "nobody reads along");
        let auto = message.header("Auto-Submitted").unwrap();
        assert_eq!(auto.as_text(), Some("auto-generated"));
        for part in [message.body_text(0).unwrap(), message.body_html(0).unwrap()] {
            let part = one_line(&part);
            for said in [
                STARTUP,
                INVESTOR,
                "Water bridge",
                "Person dana",
                "Person gul",
                BLURB,
            ] {
                assert!(part.contains(said), "{said}: {part}");
            }
        }
        let text = one_line(&message.body_text(0).unwrap());
        assert!(text.contains(&format!("requested by {STARTUP}")), "{text}");
        assert!(text.contains(&format!("{INVESTOR}: Azerbaijan")), "{text}");
        let strengths = strengths(&post).await;
        assert!(!strengths.is_empty());
        for strength in strengths.iter().take(3) {
            assert!(text.contains(&one_line(strength)), "{strength}: {text}");
        }
    });
}

/// What speaks for the match, in English, less what would tell figures.
async fn strengths(post: &Post) -> Vec<String> {
    let context = &post.stage.context;
    let list = |conn: &mut Conn| db::matches::list(conn, &db::matches::Filter::default(), None, 10);
    let matches = context.db.read(list).await.unwrap();
    let explanation = &matches[0].explanation;
    explanation
        .strengths
        .iter()
        .filter(|factor| !matches!(factor, Factor::Cheque | Factor::Evidence))
        .filter_map(|factor| explanation.factors.iter().find(|it| it.factor == *factor))
        .map(|trace| {
            let english = Language::english();
            context
                .wording
                .sentence(&trace.reason, &english, &context.taxonomy())
        })
        .collect()
}

/// What nobody may learn of that person's side before both have agreed.
pub(super) fn secrets(post: &Post, of: Who) -> Vec<String> {
    let user = post.stage.user(of);
    let firm = match of {
        Who::Dana => STARTUP,
        _ => INVESTOR,
    };
    vec![
        user.email.to_string(),
        user.name.to_string(),
        firm.to_owned(),
    ]
}

pub(super) fn assert_nothing_of(mail: &Received, secrets: &[String]) {
    let all = all_of(mail);
    for secret in secrets {
        assert!(!all.contains(secret.as_str()), "{secret} in {all}");
    }
}

/// Takes a mail to its reader's side and checks that it gives away nothing of
/// the other's but, where it was granted, the organization's name.
fn assert_discreet(post: &Post, mail: &Received, granted: bool) {
    let to_dana = mail.to == ["<dana@mail.example>"];
    assert!(
        to_dana || mail.to == ["<gul@mail.example>"],
        "{:?}",
        mail.to
    );
    let mut hidden = secrets(post, if to_dana { Who::Gul } else { Who::Dana });
    if granted {
        let name = hidden.pop().unwrap();
        assert!(all_of(mail).contains(&name), "{name} was granted");
    }
    assert_nothing_of(mail, &hidden);
}

/// What a curator proposes is nobody's request, on no page and in no mail.
#[test]
fn who_really_asked_is_told_to_the_second_side_and_in_the_mail_that_connects() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Curator).await;
        post.send().await;
        post.accept(Who::Dana, &introduction).await;
        post.send().await;
        let asked = post.server.received().pop().unwrap();
        assert_eq!(asked.to, ["<gul@mail.example>"]);
        let mailed = parse(&asked).body_text(0).unwrap().into_owned();
        let page = post
            .stage
            .open(&post.stage.question(&introduction).await)
            .await;
        for said in [&mailed, &page.text] {
            assert!(
                said.contains("Sizə") && said.contains("təklif olunur"),
                "{said}"
            );
            assert!(!said.contains("müraciət edib"), "{said}");
        }
        post.accept(Who::Gul, &introduction).await;
        post.send().await;
        let connecting = post.server.received().pop().unwrap();
        let text = one_line(&parse(&connecting).body_text(0).unwrap());
        assert!(
            text.contains("The programme “Water bridge” proposed it."),
            "{text}"
        );
        assert!(!text.contains("requested by"), "{text}");
    });
}

#[test]
fn before_both_agree_no_mail_tells_more_than_was_granted() {
    on_each_backend(async |database| {
        let post = Post::open(database).await;
        let introduction = post.stage.introduction(Who::Curator).await;
        post.send().await;
        post.accept(Who::Dana, &introduction).await;
        post.send().await;
        let no = json!({"action": "decline", "reason": "thesis_mismatch", "share_reason": true});
        let declined = post.stage.go(Who::Gul, &introduction, no).await;
        declined.expect(200);
        post.send().await;
        let received = post.server.received();
        let [first, second, closed, to_dana] = received.as_slice() else {
            panic!("{} mails", received.len())
        };
        assert_discreet(&post, first, false);
        // Dana's yes grants her firm's name to the investor.
        assert_discreet(&post, second, true);
        assert_eq!(closed.to, ["<curator@mail.example>"]);
        for who in [Who::Dana, Who::Gul] {
            assert_nothing_of(closed, &secrets(&post, who));
        }
        // She said yes, and hears that it came to nothing.
        assert_eq!(to_dana.to, ["<dana@mail.example>"]);
        assert_nothing_of(to_dana, &secrets(&post, Who::Gul));
    });
}

/// Who asks is named to the one who is asked; the asker learns nothing from a
/// no, not even its reason where that isn't shared.
async fn a_no_is_discreet(database: &Database, asker: Who, asked: Who) {
    let post = Post::open(database).await;
    let introduction = post.stage.introduction(asker).await;
    post.send().await;
    let no = json!({"action": "decline", "reason": "thesis_mismatch", "share_reason": false});
    let declined = post.stage.go(asked, &introduction, no).await;
    declined.expect(200);
    post.send().await;
    let received = post.server.received();
    let [question, closed] = received.as_slice() else {
        panic!("{} mails", received.len())
    };
    assert_discreet(&post, question, true);
    assert_discreet(&post, closed, false);
    assert!(!all_of(closed).contains("thesis"));
}

#[test]
fn a_startup_that_hears_no_learns_nothing() {
    on_each_backend(async |database| {
        Box::pin(a_no_is_discreet(database, Who::Dana, Who::Gul)).await;
    });
}

#[test]
fn an_investor_that_hears_no_learns_nothing() {
    on_each_backend(async |database| {
        Box::pin(a_no_is_discreet(database, Who::Gul, Who::Dana)).await;
    });
}

fn parse(mail: &Received) -> Message<'_> {
    MessageParser::default().parse(&mail.content).unwrap()
}

pub(super) fn id_of(mail: &Received) -> String {
    parse(mail).message_id().unwrap().to_owned()
}

/// All that a reader could find in a mail: its bytes as sent, and its head
/// and bodies decoded, on one line each.
pub(super) fn all_of(mail: &Received) -> String {
    let message = parse(mail);
    let mut all = vec![String::from_utf8_lossy(&mail.content).into_owned()];
    all.extend(message.subject().map(str::to_owned));
    all.extend(message.headers().iter().map(|it| format!("{:?}", it.value)));
    for place in 0..message.parts.len() {
        all.extend(message.body_text(place).map(String::from));
        all.extend(message.body_html(place).map(String::from));
    }
    // Calendars and files, whatever they are encoded in.
    for part in &message.parts {
        all.push(String::from_utf8_lossy(part.contents()).replace("\r\n ", ""));
    }
    all.iter()
        .map(|text| one_line(text))
        .collect::<Vec<_>>()
        .join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn addresses(list: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let list = list.into_iter().flat_map(mail_parser::Address::iter);
    list.map(|it| it.address().unwrap().to_owned()).collect()
}
