//! The closed door: each side says something of its own in every text that it
//! has, and in each state in which the gate is shut between the two the other
//! reads everything there is to read: all routes of the contract, the files of
//! exports, the pages of mailed links, and what is answered to whatever it sends.
//! What it still reads then stands in the lists below, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use chrono::{Days, TimeDelta};
use corridor::db::{self, Conn};
use corridor::domain::compliance::ClearanceVerdict;
use corridor::domain::ids::DealId;
use corridor::domain::pulse::{Pulse, PulseKind};
use corridor::domain::values::Side;
use corridor::services::export_jobs::work;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use uuid::Uuid;
use zip::ZipArchive;

use super::objects::{NO_RECORD, body, filled, objects, operations};
use super::one_door::{checked, taken_back, written};
use crate::api::deal_documents::{paper, sent};
use crate::api::documents::files::{Form, pdf};
use crate::api::documents::{fetch, upload};
use crate::api::stage::{Answer, INVESTOR, STARTUP, Stage, Who, of};
use crate::support::database::on_each_backend;

/// What the startup of the stage says first.
const ONE_LINER: &str = "Finds leaks before they show.";

/// What a mark is a part of.
const NAME: &str = "the firm's name";
const PERSON: &str = "a person";
const TEXT: &str = "what it says of itself";
const PAPER: &str = "a paper's title or file name";
const NOTE: &str = "what it wrote about the deal or the practice";

/// Where something stays, what, why, and in which states of the door.
type Stays = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static [Shut],
);

const MAILED: &str = "the mail that connects named both, who have it in their boxes";
const OPENED: &str = "an owner reads whose people opened a document";
const LEDGER: &str = "a firm reads to whom it was shown";
const RECEIPT: &str = "a receipt says what its giver agreed to, with the names they knew";
const BEFORE: &str = "a file that was made while the door was open";
const CONNECTED: &str = "what two who are connected have read stays; nothing new is shown";

/// In whatever state the door is.
const EVER: &[Shut] = &Shut::ALL;

/// Where nothing but the gate is shut: a check that ran out, a consent that ended
/// and a tag that waits stop what is new between two who are connected, and take
/// nothing back (`MACHINES.md`, Clearance).
const GATE: &[Shut] = &[
    Shut::CheckRanOut,
    Shut::ConsentTakenBack,
    Shut::RestrictedTag,
    Shut::ProhibitedTag,
];

/// Of those, where a deal is still written to.
const WRITES: &[Shut] = &[Shut::CheckRanOut, Shut::RestrictedTag];

/// What stays, in which states; in each of them it is read there.
const STAYS: &[Stays] = &[
    ("GET /v1/documents/{id}/views", &[NAME], OPENED, EVER),
    ("export of a firm: document_opening", &[NAME], OPENED, EVER),
    (
        "GET /v1/organizations/{id}/disclosures",
        &[NAME],
        LEDGER,
        EVER,
    ),
    ("export of a firm: disclosure", &[NAME], LEDGER, EVER),
    ("GET /v1/me/consents", &[NAME], RECEIPT, EVER),
    ("GET /v1/me/consents/{id}", &[NAME], RECEIPT, EVER),
    (
        "POST /v1/me/consents/{id}/transitions",
        &[NAME],
        RECEIPT,
        EVER,
    ),
    ("GET /v1/introductions", &[NAME], MAILED, EVER),
    ("GET /v1/introductions/{id}", &[NAME], MAILED, EVER),
    ("export of a firm: introduction", &[NAME], MAILED, EVER),
    ("export of introductions", &[NAME], MAILED, EVER),
    ("GET /v1/exports/{id}/file", &[NAME, NOTE], BEFORE, EVER),
    ("GET /v1/deals", &[NAME, NOTE], CONNECTED, GATE),
    ("GET /v1/deals/{id}", &[NAME, NOTE], CONNECTED, GATE),
    ("GET /v1/deals/{id}/notes", &[NOTE], CONNECTED, GATE),
    ("GET /v1/deals/{id}/tasks", &[NOTE], CONNECTED, GATE),
    ("GET /v1/worklist", &[NAME, NOTE], CONNECTED, GATE),
    ("export of a firm: deal", &[NAME, NOTE], CONNECTED, GATE),
    ("export of a firm: deal_note", &[NOTE], CONNECTED, GATE),
    ("export of a firm: deal_task", &[NOTE], CONNECTED, GATE),
    ("export of deals", &[NAME, NOTE], CONNECTED, GATE),
    ("page of a deal", &[NAME], CONNECTED, GATE),
    ("page of a pulse", &[NAME], CONNECTED, GATE),
    ("PATCH /v1/deals/{id}", &[NAME, NOTE], CONNECTED, WRITES),
    (
        "POST /v1/deals/{id}/transitions",
        &[NAME, NOTE],
        CONNECTED,
        GATE,
    ),
];

/// A mark, and what it is a part of.
type Mark = (&'static str, String);

/// What stands of a side wherever it says something.
async fn planted(stage: &Stage, who: Who, objects: &BTreeMap<&'static str, String>) -> Vec<Mark> {
    let mark = |what: &str| format!("Zq{what}{who:?}xv").to_lowercase();
    let (firm, name) = match who {
        Who::Dana => (stage.startup.id, STARTUP),
        _ => (stage.investor.id, INVESTOR),
    };
    let person = stage.user(who);
    // Whoever reads nothing of a person reads nothing of these.
    let me = stage.get(who, "/v1/me").await.text;
    for mark in [person.name.to_string(), person.email.to_string()] {
        assert!(me.contains(&mark), "{mark}: {me}");
    }
    let site = json!({ "website": format!("https://{}.example", mark("site")) });
    let path = format!("/v1/organizations/{firm}");
    stage.edit(who, &path, site).await.expect(200);
    let mut marks = vec![
        (NAME, name.to_owned()),
        (PERSON, person.name.to_string()),
        (PERSON, person.email.to_string()),
        (TEXT, mark("site")),
        (PAPER, mark("paper")),
    ];
    if who == Who::Dana {
        let text =
            |what: &str| json!({ "en": { "text": format!("Finds leaks, {}.", mark(what)) } });
        let says = json!({ "one_liner": text("line"), "summary": text("summary") });
        let path = format!("/v1/startup-profiles/{}", stage.profile.id);
        stage.edit(who, &path, says).await.expect(200);
        let deck = Form::default()
            .field("class", "deck")
            .field("title", &mark("title"))
            .field("language", "en")
            .file(
                &format!("{}.pdf", mark("file")),
                "application/pdf",
                &pdf("a deck"),
            );
        upload(stage, &deck).await.expect(201);
        marks.extend(["line", "summary"].map(|what| (TEXT, mark(what))));
        marks.extend(["title", "file"].map(|what| (PAPER, mark(what))));
    } else {
        let path = format!("/v1/mandates/{}", stage.mandate.id);
        let says = json!({ "title": format!("Water {}", mark("mandate")) });
        stage.edit(who, &path, says).await.expect(200);
        let about = json!({ "about": { "en": { "text": mark("about") } } });
        let path = filled("/v1/investor-profiles/{id}", Some(objects));
        stage.edit(who, &path, about).await.expect(200);
        marks.extend(["mandate", "about"].map(|what| (TEXT, mark(what))));
    }
    let deal = filled("/v1/deals/{id}", Some(objects));
    let kept = sent(stage, who, &deal, &paper(&mark("paper"), "both")).await;
    kept.expect(201);
    let wrote = written(stage, who, objects).await.into_iter();
    marks.extend(wrote.map(|mark| (NOTE, mark)));
    marks
}

/// Something that was read, and where.
type Told = (String, String);

/// What somebody reads on every route.
async fn routes(stage: &Stage, who: Who, objects: &BTreeMap<&'static str, String>) -> Vec<Told> {
    let mut told = Vec::new();
    for (method, path, _) in operations() {
        let route = format!("{method} {path}");
        // The contract's examples are no records.
        let aside = NO_RECORD.contains(&route.as_str()) || path == "/v1/openapi.yaml";
        if method != "GET" || aside {
            continue;
        }
        let address = if path.contains('{') {
            filled(&path, Some(objects))
        } else {
            path.clone()
        };
        told.push((route, stage.get(who, &address).await.text));
    }
    told
}

fn lines(file: &str, told: &mut Vec<Told>) {
    for line in file.lines() {
        let kind: Value = serde_json::from_str(line).unwrap();
        let kind = kind["type"].as_str().unwrap_or("whole");
        told.push((format!("export of a firm: {kind}"), line.to_owned()));
    }
}

fn archive(bytes: Vec<u8>, told: &mut Vec<Told>) {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        if name == "records.ndjson" {
            lines(&text, told);
        } else {
            told.push((
                "export of a firm: its files".to_owned(),
                format!("{name} {text}"),
            ));
        }
    }
}

/// What somebody reads in every file that they can have made.
async fn exports(stage: &Stage, who: Who) -> Vec<Told> {
    const EXPORTS: &str = "/v1/exports";
    let firm = match who {
        Who::Dana => stage.startup.id,
        _ => stage.investor.id,
    };
    let mut told = Vec::new();
    let whole = ["ndjson", "zip"].map(|format| ("organization", format));
    let lists = ["matches", "introductions", "deals"];
    let lists = lists.map(|kind| ["csv", "ndjson"].map(|format| (kind, format)));
    for (kind, format) in whole.into_iter().chain(lists.into_iter().flatten()) {
        let mut wanted = json!({ "kind": kind, "format": format });
        if kind == "organization" {
            wanted["organization"] = json!(firm.to_string());
        }
        let made = stage.post(who, EXPORTS, wanted).await.expect(201);
        while work::work(&stage.context, Uuid::now_v7()).await.unwrap() {}
        let path = format!("{EXPORTS}/{}/file", made["id"].as_str().unwrap());
        let (status, _, bytes) = fetch(stage, who, &path).await;
        assert_eq!(status, 200, "{kind} {format}");
        match (kind, format) {
            ("organization", "zip") => archive(bytes, &mut told),
            ("organization", _) => lines(&String::from_utf8(bytes).unwrap(), &mut told),
            _ => told.push((
                format!("export of {kind}"),
                String::from_utf8(bytes).unwrap(),
            )),
        }
    }
    told
}

/// The pages that were mailed to somebody while the door was open, by what they
/// are about.
async fn mailed(
    stage: &Stage,
    who: Who,
    objects: &BTreeMap<&'static str, String>,
) -> Vec<(&'static str, String)> {
    let (context, user) = (&stage.context, stage.user(who).id);
    let ends = context.now() + TimeDelta::days(30);
    let seal = |name: &str, said: String| context.sealer.seal_text(name, said.as_bytes()).unwrap();
    let mut pages = Vec::new();
    let id: DealId = of(&objects["/v1/deals/{id}"]);
    let find = move |conn: &mut Conn| db::deals::find(conn, id);
    let deal = context.db.read(find).await.unwrap().unwrap();
    let entered = deal.stage_entered_at.timestamp_micros();
    let said = format!("{id}\n{user}\n{entered}\n{}", ends.timestamp());
    pages.push((
        "page of a deal",
        format!("/deals/{}", seal("deal_entry", said)),
    ));
    let side = match who {
        Who::Dana => Side::Startup,
        _ => Side::Investor,
    };
    let pulse = Pulse {
        id: context.new_id(),
        introduction: of(&objects["/v1/introductions/{id}"]),
        side,
        kind: PulseKind::Open,
        expires_at: ends,
        answer: None,
        created_at: context.now(),
    };
    let link = context.links.mint_pulse(pulse.id, ends).unwrap();
    let ask = move |conn: &mut Conn| db::introductions::insert_pulse(conn, &pulse);
    context.db.write(ask).await.unwrap();
    pages.push(("page of a pulse", format!("/pulse/{link}")));
    if side == Side::Investor {
        let matched = &objects["/v1/matches/{id}"];
        let said = format!("{matched}\n{user}\n{}", ends.timestamp());
        let link = seal("digest_entry", said);
        pages.push(("page of a match", format!("/matches/{link}")));
        pages.push(("page of a brief", format!("/matches/{link}/brief")));
    }
    pages
}

/// What those pages show, opened and sent without an answer.
async fn opened(stage: &Stage, pages: &[(&'static str, String)]) -> Vec<Told> {
    let mut told = Vec::new();
    for (page, path) in pages {
        told.push(((*page).to_owned(), stage.open(path).await.text));
        if !path.ends_with("/brief") {
            told.push(((*page).to_owned(), stage.submit(path, &[]).await.text));
        }
    }
    told
}

/// What is answered to everything that somebody sends about these records.
async fn answers(stage: &Stage, who: Who, objects: &BTreeMap<&'static str, String>) -> Vec<Told> {
    let mut told = Vec::new();
    for (method, path, _) in operations() {
        let route = format!("{method} {path}");
        // Whoever gave their part away would be told nothing after it.
        let aside = NO_RECORD.contains(&route.as_str()) || path.contains("/members/");
        let Some(body) = body(&route).filter(|_| path.contains("{id}") && !aside) else {
            continue;
        };
        let request = stage
            .request(who, &method, &filled(&path, Some(objects)))
            .header("If-Match", "*")
            .header("Idempotency-Key", Uuid::now_v7().to_string());
        told.push((route, sends(request, &method, &body).await.text));
    }
    told
}

async fn sends(request: RequestBuilder, method: &str, body: &Value) -> Answer {
    let request = match method {
        "PATCH" => request
            .header("Content-Type", "application/merge-patch+json")
            .body(body.to_string()),
        _ => request.json(body),
    };
    Answer::of(request.send().await.unwrap()).await
}

/// Where somebody reads which marks.
fn found(told: &[Told], marks: &[Mark]) -> BTreeSet<(String, &'static str, String)> {
    let mut found = BTreeSet::new();
    for (place, text) in told {
        for (kind, mark) in marks {
            if text.contains(mark.as_str()) {
                found.insert((place.clone(), *kind, mark.clone()));
            }
        }
    }
    found
}

/// A side, the marks of the other one that it looks for, and its pages.
type Reader = (Who, Vec<Mark>, Vec<(&'static str, String)>);

/// The two sides of the stage, what each planted and the pages mailed to it.
struct Sides {
    objects: BTreeMap<&'static str, String>,
    /// Who reads, what of the other, and by which pages.
    readers: Vec<Reader>,
}

impl Sides {
    /// While the door is open each side reads the other: else nothing would be
    /// proved by what it doesn't read once it is shut.
    async fn in_the_open(stage: &Stage) -> Self {
        let objects = objects(stage).await;
        let of_startup = planted(stage, Who::Dana, &objects).await;
        let of_investor = planted(stage, Who::Gul, &objects).await;
        let mut readers = Vec::new();
        for (who, marks) in [(Who::Gul, of_startup), (Who::Dana, of_investor)] {
            let pages = mailed(stage, who, &objects).await;
            let mut told = routes(stage, who, &objects).await;
            told.extend(exports(stage, who).await);
            told.extend(opened(stage, &pages).await);
            let read = found(&told, &marks);
            let kinds: BTreeSet<_> = read.iter().map(|(_, kind, _)| *kind).collect();
            for kind in [NAME, TEXT, PAPER, NOTE] {
                assert!(
                    kinds.contains(kind),
                    "{who:?} reads nothing of {kind}: {read:#?}"
                );
            }
            let places: BTreeSet<_> = read.iter().map(|(place, ..)| place.as_str()).collect();
            for place in [
                "page of a deal",
                "export of a firm: deal",
                "export of deals",
            ] {
                assert!(places.contains(place), "{who:?} {place}: {places:#?}");
            }
            readers.push((who, marks, pages));
        }
        Self { objects, readers }
    }

    /// What either still reads of the other, but for what stays; and what should
    /// stay in this state and is read by nobody. What is sent changes records, and
    /// so comes last.
    async fn leaks(&self, stage: &Stage, shut: Shut) -> (Vec<String>, Vec<String>) {
        let mut told = Vec::new();
        for (who, marks, pages) in &self.readers {
            let mut read = routes(stage, *who, &self.objects).await;
            read.extend(exports(stage, *who).await);
            read.extend(opened(stage, pages).await);
            told.extend(found(&read, marks).into_iter().map(|it| (*who, it)));
        }
        for (who, marks, _) in &self.readers {
            let read = answers(stage, *who, &self.objects).await;
            told.extend(found(&read, marks).into_iter().map(|it| (*who, it)));
        }
        let mut idle: BTreeSet<(&str, &str)> = shut.stays().collect();
        told.retain(|(_, (place, kind, _))| {
            let stays = shut.stays().any(|it| it == (place.as_str(), *kind));
            idle.retain(|it| *it != (place.as_str(), *kind));
            !stays
        });
        let leak = |(who, (place, kind, mark))| format!("{who:?} reads {kind} ({mark}) at {place}");
        let idle = idle
            .iter()
            .map(|(place, kind)| format!("{kind} at {place}"));
        let idle = idle.collect();
        (told.into_iter().map(leak).collect(), idle)
    }
}

/// What shuts the gate between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shut {
    Freeze,
    Block,
    /// The startup's check came out against it.
    CheckAgainst,
    CheckRanOut,
    ConsentTakenBack,
    /// One that two people have to release.
    RestrictedTag,
    ProhibitedTag,
}

impl Shut {
    const ALL: [Self; 7] = [
        Self::Freeze,
        Self::Block,
        Self::CheckAgainst,
        Self::CheckRanOut,
        Self::ConsentTakenBack,
        Self::RestrictedTag,
        Self::ProhibitedTag,
    ];

    async fn befall(self, stage: &Stage) {
        let today = stage.context.now().date_naive();
        match self {
            Self::Freeze => {
                let freeze = json!({ "scope": "country", "value": "AZ", "reason": "A test" });
                let made = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
                made.expect(201);
            }
            Self::Block => {
                let firms = [&stage.startup, &stage.investor].map(|firm| firm.id.to_string());
                let block = json!({ "organizations": firms, "reason": "A conflict" });
                let made = stage.post(Who::Compliance, "/v1/blocks", block).await;
                assert_eq!(made.status, 204);
            }
            Self::CheckAgainst => {
                checked(stage, ClearanceVerdict::Blocked, today + Days::new(90)).await;
            }
            Self::CheckRanOut => {
                checked(stage, ClearanceVerdict::Clear, today - Days::new(1)).await;
            }
            Self::ConsentTakenBack => taken_back(stage).await,
            Self::RestrictedTag => {
                let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
                let graver = json!({ "primary_tags": ["counter_uas"] });
                stage.edit(Who::Dana, &profile, graver).await.expect(200);
            }
            Self::ProhibitedTag => {
                let bar = json!({
                    "action": "grade", "sensitivity": "prohibited", "reason": "An order.",
                });
                let tag = "/v1/tags/water_loss";
                stage.go(Who::Curator, tag, bar).await.expect(200);
            }
        }
        stage.seal().await;
    }

    /// What is read all the same, and where.
    fn stays(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let stays = STAYS
            .iter()
            .filter(move |(.., states)| states.contains(&self));
        stays.flat_map(|(place, kinds, ..)| kinds.iter().map(move |kind| (*place, *kind)))
    }

    /// Once this is so neither reads anything of the other but what stays.
    fn hides_each_from_the_other(self) {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            let sides = Sides::in_the_open(&stage).await;
            self.befall(&stage).await;
            let (leaks, idle) = sides.leaks(&stage, self).await;
            assert!(leaks.is_empty(), "{self:?}: {leaks:#?}");
            assert!(idle.is_empty(), "{self:?}, nobody reads: {idle:#?}");
        });
    }
}

#[test]
fn in_a_freeze_neither_reads_the_other() {
    Shut::Freeze.hides_each_from_the_other();
}

#[test]
fn behind_a_block_neither_reads_the_other() {
    Shut::Block.hides_each_from_the_other();
}

#[test]
fn once_a_check_came_out_against_one_neither_reads_the_other() {
    Shut::CheckAgainst.hides_each_from_the_other();
}

#[test]
fn once_a_check_ran_out_nothing_but_what_was_sent_is_read() {
    Shut::CheckRanOut.hides_each_from_the_other();
}

#[test]
fn once_a_consent_was_taken_back_nothing_but_what_was_sent_is_read() {
    Shut::ConsentTakenBack.hides_each_from_the_other();
}

#[test]
fn while_a_restricted_tag_waits_nothing_but_what_was_sent_is_read() {
    Shut::RestrictedTag.hides_each_from_the_other();
}

#[test]
fn once_a_tag_is_prohibited_nothing_but_what_was_sent_is_read() {
    Shut::ProhibitedTag.hides_each_from_the_other();
}

/// Before both agreed nothing was sent, and so nothing stays: the page of a
/// question shows who asks only while the gate is open.
#[test]
fn the_page_of_a_question_shows_nobody_once_the_door_is_shut() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let introduction = stage.introduction(Who::Dana).await;
        let page = stage.question(&introduction).await;
        let shown = stage.open(&page).await.text;
        for mark in [STARTUP, ONE_LINER] {
            assert!(shown.contains(mark), "{mark}: {shown}");
        }
    });
    for shut in Shut::ALL {
        on_each_backend(async |database| {
            let stage = Stage::set(database).await;
            let introduction = stage.introduction(Who::Dana).await;
            let page = stage.question(&introduction).await;
            shut.befall(&stage).await;
            for text in [
                stage.open(&page).await.text,
                stage.submit(&page, &[]).await.text,
                stage.get(Who::Gul, &introduction).await.text,
                stage.get(Who::Gul, "/v1/introductions").await.text,
                stage.get(Who::Gul, "/v1/worklist").await.text,
            ] {
                for mark in [STARTUP, ONE_LINER, "Person dana"] {
                    assert!(!text.contains(mark), "{shut:?} {mark}: {text}");
                }
            }
        });
    }
}
