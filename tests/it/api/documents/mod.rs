//! Documents, from the upload to the last opening, through the front door.

mod disclosed;
pub mod files;
mod refused;
mod upkeep;

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use self::files::{Form, content_type, pdf, stored as stored_names};
use super::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

/// The title of the deck, which no counterpart reads before it is granted.
pub const TITLE: &str = "Seed deck, autumn";

/// The form of a deck with those bytes.
pub fn deck_form(bytes: &[u8]) -> Form {
    Form::default()
        .field("class", "deck")
        .field("title", TITLE)
        .field("language", "en")
        .file("tamar-deck.pdf", "application/pdf", bytes)
}

/// A request that sends a form.
pub fn sending(stage: &Stage, who: Who, path: &str, form: &Form) -> RequestBuilder {
    let request = stage.request(who, "POST", path);
    request
        .header("Content-Type", content_type())
        .header("If-Match", "*")
        .body(form.body())
}

/// Where documents of the startup's profile are sent.
pub fn place(stage: &Stage) -> String {
    format!("/v1/startup-profiles/{}/documents", stage.profile.id)
}

/// Sends a form to the startup's profile.
pub async fn upload(stage: &Stage, form: &Form) -> Answer {
    let request = sending(stage, Who::Dana, &place(stage), form);
    Answer::of(request.send().await.unwrap()).await
}

/// A deck of the startup's.
pub async fn deck(stage: &Stage) -> Value {
    upload(stage, &deck_form(&pdf("the deck")))
        .await
        .expect(201)
}

/// The path of a document.
pub fn path_of(document: &Value) -> String {
    format!("/v1/documents/{}", document["id"].as_str().unwrap())
}

/// Fetches a file; its status, headers and bytes.
pub async fn fetch(stage: &Stage, who: Who, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    taken(stage.request(who, "GET", path)).await
}

async fn taken(request: RequestBuilder) -> (u16, HeaderMap, Vec<u8>) {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

#[test]
fn a_document_lives_with_its_owner() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let (first, second) = (pdf("the first deck"), pdf("the second, longer deck"));
        let made = upload(&stage, &deck_form(&first)).await;
        let location = made.location.clone().unwrap();
        assert_eq!(made.etag.as_deref(), Some("\"v1\""));
        let made = made.expect(201);
        assert_eq!(location, path_of(&made));
        assert_eq!(
            (&made["class"], &made["level"], &made["state"]),
            (&json!("deck"), &json!("l2"), &json!("open")),
            "{made:#}"
        );
        assert_eq!(made["file"]["bytes"], first.len());

        // Its people read it as it came, and nobody else learns of it.
        let file = format!("{location}/file");
        let (status, headers, bytes) = fetch(&stage, Who::Dana, &file).await;
        assert_eq!((status, &bytes), (200, &first));
        for (name, value) in [
            ("content-type", "application/pdf"),
            ("content-length", &first.len().to_string()),
            (
                "content-disposition",
                "attachment; filename=\"tamar-deck.pdf\"; filename*=UTF-8''tamar-deck.pdf",
            ),
            ("cache-control", "private, no-store"),
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; sandbox",
            ),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        assert!(!headers.contains_key("content-encoding"), "{headers:?}");
        for path in [&location, &file, &format!("{location}/views")] {
            for who in [Who::Gul, Who::Stranger] {
                assert_eq!(stage.get(who, path).await.code(404), "not_found");
            }
        }

        // Another file takes its place; the one before stays its owner's.
        let path = format!("{location}/versions");
        let request = sending(&stage, Who::Dana, &path, &deck_form(&second).only_file());
        let replaced = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(replaced.etag.as_deref(), Some("\"v2\""));
        assert_eq!(replaced.expect(201)["file"]["number"], 2);
        assert_eq!(fetch(&stage, Who::Dana, &file).await.2, second);
        let earlier = format!("{path}/1/file");
        assert_eq!(fetch(&stage, Who::Dana, &earlier).await.2, first);
        let versions = stage.get(Who::Dana, &path).await.expect(200);
        let numbers = versions["items"].as_array().unwrap().iter();
        let numbers: Vec<_> = numbers.map(|it| it["number"].as_i64().unwrap()).collect();
        assert_eq!(numbers, [2, 1]);
        let part = stage.get(Who::Dana, &format!("{path}?limit=1")).await;
        assert_eq!(part.expect(200)["next_before"], 2);

        // A stale writer loses.
        let stale = stage.request(Who::Dana, "POST", &path);
        let form = deck_form(&first).only_file();
        let stale = stale
            .header("Content-Type", content_type())
            .header("If-Match", "\"v1\"")
            .body(form.body());
        let stale = Answer::of(stale.send().await.unwrap()).await;
        assert_eq!(stale.code(412), "stale_version");

        // Its owner's people fill no view log; the operator's do.
        let views = format!("{location}/views");
        let none = stage.get(Who::Dana, &views).await.expect(200);
        assert_eq!(none["items"], json!([]));
        assert_eq!(fetch(&stage, Who::Auditor, &file).await.2, second);
        let one = stage.get(Who::Dana, &views).await.expect(200);
        assert_eq!(one["items"].as_array().unwrap().len(), 1, "{one:#}");
        assert_eq!(one["items"][0]["number"], 2);
        assert_eq!(one["items"][0]["by"], "Operator");

        let list = stage.get(Who::Dana, "/v1/documents?class=deck").await;
        assert_eq!(list.expect(200)["items"][0]["id"], made["id"]);
        let other = stage.get(Who::Dana, "/v1/documents?class=legal").await;
        assert_eq!(other.expect(200)["items"], json!([]));
        stage.seal().await;
        let events = stage.get(Who::Dana, &format!("{location}/events")).await;
        let events = events.expect(200);
        let kinds = events["items"].as_array().unwrap().iter();
        let kinds: Vec<_> = kinds.map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            ["document.uploaded", "document.replaced", "document.opened"]
        );
    });
}

#[test]
fn what_it_says_is_changed_within_its_class() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let deck = path_of(&deck(&stage).await);
        let raised = json!({"level": "l3", "title": "Təqdimat, payız"});
        let changed = stage.edit(Who::Dana, &deck, raised).await.expect(200);
        assert_eq!(changed["level"], "l3");
        assert_eq!(changed["title"], "Təqdimat, payız");
        let bad = json!({"level": "l1", "title": "a\u{202E}b", "language": "english"});
        let refused = stage.edit(Who::Dana, &deck, bad).await.expect(422);
        let faults = refused["errors"].as_array().unwrap().iter();
        let faults: Vec<_> = faults
            .map(|it| {
                (
                    it["pointer"].as_str().unwrap(),
                    it["code"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            faults,
            [
                ("#/title", "bad_text"),
                ("#/language", "unknown_language"),
                ("#/level", "too_low")
            ]
        );
        let fixed = stage
            .edit(Who::Dana, &deck, json!({"class": "legal"}))
            .await;
        fixed.expect(422);
        // Reading is not writing.
        for who in [Who::Curator, Who::Compliance, Who::Auditor] {
            let tried = stage.edit(who, &deck, json!({"title": "Ours"})).await;
            assert_eq!(tried.code(403), "forbidden", "{who:?}");
        }
    });
}

#[test]
fn parts_and_repetitions_of_a_file_are_cheap() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let bytes = pdf(&"x".repeat(300_000));
        let made = upload(&stage, &deck_form(&bytes)).await.expect(201);
        let file = format!("{}/file", path_of(&made));
        let get = |name: &str, value: &str| {
            taken(stage.request(Who::Dana, "GET", &file).header(name, value))
        };
        let (status, headers, part) = get("Range", "bytes=5-99999").await;
        assert_eq!((status, &part[..]), (206, &bytes[5..100_000]));
        let range = format!("bytes 5-99999/{}", bytes.len());
        assert_eq!(headers["content-range"], range);
        let etag = headers["etag"].to_str().unwrap().to_owned();
        let (status, _, end) = get("Range", "bytes=-7").await;
        assert_eq!((status, &end[..]), (206, &bytes[bytes.len() - 7..]));
        let (status, headers, _) = get("Range", "bytes=9999999-").await;
        assert_eq!(status, 416);
        assert_eq!(headers["content-range"], format!("bytes */{}", bytes.len()));
        let (status, _, whole) = get("Range", "bytes=0-1,5-6").await;
        assert_eq!((status, whole.len()), (200, bytes.len()));
        let (status, _, nothing) = get("If-None-Match", &etag).await;
        assert_eq!((status, nothing.len()), (304, 0));
        let other = stage
            .request(Who::Dana, "GET", &file)
            .header("Range", "bytes=0-1")
            .header("If-Range", "\"another\"");
        assert_eq!(taken(other).await.0, 200);
        let head = stage.request(Who::Auditor, "HEAD", &file).send().await;
        let head = head.unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(head.headers()["content-length"], bytes.len().to_string());
        // Looking is no opening.
        let views = format!("{}/views", path_of(&made));
        let views = stage.get(Who::Dana, &views).await.expect(200);
        assert_eq!(views["items"], json!([]));
    });
}

/// How many mails of what was decided wait for the startup's people.
async fn news(stage: &Stage) -> usize {
    let dana = stage.user(Who::Dana).id;
    let count = move |conn: &mut corridor::db::Conn| {
        let all = corridor::db::outbox::about(
            conn,
            corridor::domain::event::Subject::new(corridor::domain::event::SubjectKind::User, dana),
        )?;
        Ok::<_, corridor::db::Error>(all.len())
    };
    stage.context.db.read(count).await.unwrap()
}

/// Words that name something restricted, in the language of their author.
#[test]
fn words_that_ask_for_it_are_looked_at_first() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let form = Form::default()
            .field("class", "deck")
            .field("title", "Our counter-drone system")
            .field("language", "en")
            .file("מצגת.pdf", "application/pdf", &pdf("x"));
        let made = upload(&stage, &form).await.expect(201);
        assert_eq!(made["state"], "in_review", "{made:#}");
        assert_eq!(made["file"]["name"], "מצגת.pdf");
        let deck = path_of(&made);
        let screening = format!("{deck}/screening");
        let marked = stage.get(Who::Compliance, &screening).await.expect(200);
        assert_eq!(marked["items"][0]["pointer"], "/title", "{marked:#}");
        assert_eq!(marked["items"][0]["words"], "counter-drone");
        let waiting = stage.get(Who::Compliance, "/v1/documents?state=in_review");
        assert_eq!(waiting.await.expect(200)["items"][0]["id"], made["id"]);
        let clear = json!({"action": "clear", "reason": "A civilian use."});
        let own = stage.go(Who::Dana, &deck, clear.clone()).await;
        assert_eq!(own.code(403), "forbidden");
        let wordless = json!({"action": "clear"});
        stage.go(Who::Compliance, &deck, wordless).await.expect(422);
        // Its words need two people; it waits for both, and then for the other.
        let waits = async |who| {
            let path = "/v1/worklist?kind=decide_document";
            let told = stage.get(who, path).await.expect(200);
            told["items"].as_array().unwrap().len()
        };
        assert_eq!(waits(Who::Compliance).await, 1);
        assert_eq!(waits(Who::Curator).await, 0);
        assert_eq!(waits(Who::Dana).await, 0);
        let first = stage.go(Who::Compliance, &deck, clear.clone()).await;
        assert_eq!(first.expect(200)["state"], "in_review");
        assert_eq!(waits(Who::Compliance).await, 0);
        let twice = stage.go(Who::Compliance, &deck, clear.clone()).await;
        assert_eq!(twice.code(409), "second_person_needed");
        let told = "/v1/worklist?record=document";
        let told = stage.get(Who::SecondCompliance, told).await.expect(200);
        let about = told["items"][0]["about"].as_array().unwrap();
        assert!(
            about.contains(&json!("Our counter-drone system")),
            "{told:#}"
        );
        let actions = told["items"][0]["actions"].as_array().unwrap();
        assert_eq!(actions, &[json!("clear"), json!("refuse")]);
        assert_eq!(news(&stage).await, 0);
        let cleared = stage.go(Who::SecondCompliance, &deck, clear).await;
        assert_eq!(cleared.expect(200)["state"], "open");
        assert_eq!(news(&stage).await, 1);
        // What was cleared stays so; what names more is looked at again.
        let same = json!({"title": "Our counter-drone system, 2"});
        let same = stage.edit(Who::Dana, &deck, same).await.expect(200);
        assert_eq!(same["state"], "open");
        let refuse = json!({"action": "refuse", "reason": "No."});
        let refused = stage.go(Who::Compliance, &deck, refuse).await.expect(200);
        assert_eq!(refused["state"], "refused");
        assert_eq!(news(&stage).await, 2);
        let clean = json!({"title": "Our system"});
        let again = stage.edit(Who::Dana, &deck, clean).await.expect(200);
        assert_eq!(again["state"], "in_review");
    });
}

#[test]
fn what_is_erased_is_gone_and_stays_on_record() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let bytes = pdf("twice there");
        let one = upload(&stage, &deck_form(&bytes)).await.expect(201);
        let two = upload(&stage, &deck_form(&bytes)).await.expect(201);
        assert_eq!(one["file"]["sha256"], two["file"]["sha256"]);
        let hash = one["file"]["sha256"].as_str().unwrap().to_owned();
        let stored = stored_names(&stage);
        assert_eq!(stored, std::slice::from_ref(&hash));
        let erase = json!({"action": "erase"});
        let gone = stage.go(Who::Dana, &path_of(&one), erase.clone()).await;
        let gone = gone.expect(200);
        assert_eq!(gone["state"], "erased");
        assert_eq!(gone["file"]["sha256"], hash.as_str());
        assert!(gone["file"]["erased_at"].is_string(), "{gone:#}");
        for who in [Who::Dana, Who::Auditor] {
            let file = format!("{}/file", path_of(&one));
            assert_eq!(stage.get(who, &file).await.code(409), "document_erased");
            stage.get(who, &path_of(&one)).await.expect(200);
        }
        // The other one has its bytes still.
        let file = format!("{}/file", path_of(&two));
        assert_eq!(fetch(&stage, Who::Dana, &file).await.2, bytes);
        assert_eq!(stored_names(&stage), [hash]);
        stage
            .go(Who::Dana, &path_of(&two), erase.clone())
            .await
            .expect(200);
        assert_eq!(stored_names(&stage), [] as [String; 0]);
        let again = stage.go(Who::Dana, &path_of(&two), erase).await;
        assert_eq!(again.code(409), "transition_not_allowed");
        let path = format!("{}/versions", path_of(&two));
        let request = sending(&stage, Who::Dana, &path, &deck_form(&bytes).only_file());
        let more = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(more.code(409), "transition_not_allowed");
        assert_eq!(stored_names(&stage), [] as [String; 0]);
    });
}
