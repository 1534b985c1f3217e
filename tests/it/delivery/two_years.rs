//! Two years of a corridor on a clock: what came of it can be asked for as of
//! any day, and nobody could have rewritten it.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::jobs::clock;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::Post;
use super::round_years::{ROUND, round};
use crate::api::stage::{BLURB, INVESTOR, Stage, Who};
use crate::support::database::on_each_backend;

/// A corridor with a post, watched over two years.
pub struct Years {
    pub(super) post: Post,
}

impl Years {
    pub fn stage(&self) -> &Stage {
        &self.post.stage
    }

    /// Days pass, each with its clock and its post.
    pub async fn days(&self, days: i64) {
        for _ in 0..days {
            self.post.advance(TimeDelta::days(1));
            clock::strike(&self.stage().context).await.unwrap();
            self.post.send().await;
        }
    }

    /// Days on which nothing falls due that matters here.
    async fn quiet_days(&self, days: i64) {
        self.post.advance(TimeDelta::days(days));
        clock::strike(&self.stage().context).await.unwrap();
        self.post.send().await;
    }

    /// Tells what happened, for who runs the test with `--nocapture`.
    pub fn says(&self, what: &str) {
        println!("{}  {what}", self.today());
    }

    fn connecting(&self) -> usize {
        let received = self.post.server.received();
        received.iter().filter(|mail| mail.connects()).count() / 2
    }

    pub fn today(&self) -> String {
        self.post.now().date_naive().to_string()
    }

    pub async fn card(&self, as_of: &str) -> Value {
        self.stage().context.db.seal_pending().await.unwrap();
        let programme = self.stage().programme.id;
        let path = format!("/v1/programmes/{programme}/scorecard?as_of={as_of}");
        let mut card = self.stage().get(Who::Curator, &path).await.expect(200);
        println!(
            "{}  the scorecard as of {as_of}: {}",
            self.today(),
            told(&card)
        );
        // What a promise is called is told as it is today.
        for promise in card["commitments"].as_array_mut().unwrap() {
            promise["title"] = Value::Null;
        }
        card
    }

    /// The two parties promise each other introductions.
    async fn promise(&self) {
        let programme = self.stage().programme.id;
        let path = format!("/v1/programmes/{programme}/commitments");
        let due = self.post.now().date_naive() + TimeDelta::days(360);
        let promise = json!({
            "goal": "capital", "title": "Two introductions in a year",
            "measure": "introductions_sent", "target_count": 2,
            "due": due.to_string(), "owner": self.stage().investor.id.to_string(),
        });
        let made = self.stage().post(Who::Curator, &path, promise).await;
        made.expect(201);
        self.says("promised: two introductions in a year");
    }

    pub async fn go(&self, who: Who, record: &str, body: Value) -> Value {
        self.stage().go(who, record, body).await.expect(200)
    }

    /// The investor asks for another startup, which says yes by its link.
    async fn asked_by_investor(&self, name: &str) -> String {
        let stage = self.stage();
        let profile = stage.startup_outside(name).await;
        let admission = json!({ "startup_profile": profile.id.to_string() });
        stage.admit(admission).await;
        let matched = stage.matched_with(&profile).await;
        let both = json!({ "action": "release", "to": "both" });
        self.go(Who::Curator, &matched, both).await;
        let made = stage.request_introduction(Who::Gul, &matched, BLURB).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        self.post.send().await;
        introduction
    }

    async fn startup_says_yes(&self, introduction: &str) {
        let page = self.stage().question(introduction).await;
        let yes = [("answer", "accept"), ("name", "Noa Bar")];
        assert_eq!(self.stage().submit(&page, &yes).await.status, 303);
    }

    async fn quote(&self, per_unit: i64) {
        let (day, azn) = (self.post.now().date_naive(), "AZN".parse().unwrap());
        let quote = move |conn: &mut Conn| db::rates::insert(conn, day, &[(azn, per_unit)]);
        self.stage().context.db.write(quote).await.unwrap();
    }
}

/// What a card says, in a line.
fn told(card: &Value) -> String {
    let counts = card["counts"].as_object().unwrap().iter();
    let counts = counts.filter(|(_, count)| **count != json!(0));
    let counts: Vec<String> = counts
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let promises = card["commitments"].as_array().unwrap().iter();
    let promises: Vec<String> = promises
        .map(|it| {
            format!(
                "{} of {} ({})",
                it["done_count"], it["target_count"], it["health"]
            )
        })
        .collect();
    format!(
        "{}; US cents {}; days to {}; promises {}",
        counts.join(", "),
        card["money_funded"]["total"]["amount_minor"],
        card["days_to"],
        promises.join(", "),
    )
}

/// A programme of 500 days to which the investor is a party: drawn up, agreed,
/// signed and in force as any other, in place of the stage's own.
async fn begin(database: &crate::support::database::Database) -> Years {
    let mut post = Post::open(database).await;
    let stage = &post.stage;
    let over = format!("/v1/programmes/{}", stage.programme.id);
    let terminate = json!({ "action": "terminate", "reason": "Another one begins." });
    stage.go(Who::Curator, &over, terminate).await.expect(200);
    let today = post.now().date_naive();
    let draft = json!({
        "slug": "il-az-years", "title": "Water bridge",
        "corridors": [{ "startup": "IL", "investor": "AZ" }],
        "parties": [{
            "organization": stage.investor.id.to_string(), "role": "signatory",
        }],
        "starts_on": today.to_string(),
        "ends_on": (today + TimeDelta::days(500)).to_string(),
    });
    let made = stage.post(Who::Curator, "/v1/programmes", draft).await;
    let programme = made.location.clone().unwrap();
    made.expect(201);
    let activate = json!({ "action": "activate" });
    let early = stage.go(Who::Curator, &programme, activate.clone()).await;
    assert_eq!(early.status, 409, "nothing is signed");
    stage.sign_mou(&programme).await;
    let moved = stage.go(Who::Curator, &programme, activate).await;
    moved.expect(200);
    let id = programme.rsplit('/').next().unwrap().parse().unwrap();
    let find = move |conn: &mut Conn| db::programmes::find(conn, id);
    let found = stage.context.db.read(find).await.unwrap();
    post.stage.programme = found.unwrap();
    let stage = &post.stage;
    let profile = stage.profile.id.to_string();
    stage.admit(json!({ "startup_profile": profile })).await;
    let mandate = stage.mandate.id.to_string();
    stage.admit(json!({ "mandate": mandate })).await;
    Years { post }
}

/// A freeze: what both agreed to waits, and goes on once it is lifted.
async fn closed_border(years: &Years) {
    let stage = years.stage();
    years.days(1).await;
    let frozen_one = years.asked_by_investor("Negev Sun").await;
    let freeze = json!({ "scope": "country", "value": "AZ", "reason": "Closed border" });
    let frozen = stage.post(Who::Compliance, "/v1/freezes", freeze).await;
    let frozen = frozen.expect(201)["id"].as_str().unwrap().to_owned();
    years.says("frozen: the border of AZ is closed, with a question under way");
    let before = years.post.server.received().len();
    years.days(4).await;
    let since = years.post.server.received().split_off(before);
    for mail in since {
        let text = MessageParser::new().parse(&mail.content).unwrap();
        let body = text.body_text(0).unwrap_or_default().into_owned();
        let subject = text.subject().unwrap_or_default();
        let to_investor = mail.to.iter().any(|to| to.contains("gul@"));
        let other = if to_investor { "Negev Sun" } else { INVESTOR };
        let names = body.contains(other) || subject.contains(other);
        assert!(!names, "{:?} reads of {other}: {body}", mail.to);
    }
    for who in [Who::Compliance, Who::SecondCompliance] {
        let path = format!("/v1/freezes/{frozen}");
        let lift = json!({"action": "lift", "reason": "It is over."});
        stage.go(who, &path, lift).await.expect(200);
    }
    years.says("lifted by two people; nothing was sent meanwhile");
    years.startup_says_yes(&frozen_one).await;
    years.days(1).await;
    assert_eq!(years.post.status(&frozen_one).await, "sent");
    assert_eq!(years.connecting(), 2);
    years.says("the frozen introduction went out after all");
}

/// What came of it by a day, and what the scorecard said on it.
pub type Told = (String, Value);

/// An introduction, and what becomes of it.
async fn first_deal(years: &Years) -> [Told; 2] {
    let stage = years.stage();
    years.quote(500_000).await;
    let introduction = years.post.agreed().await;
    years.post.send().await;
    assert_eq!(years.post.status(&introduction).await, "sent");
    assert_eq!(years.connecting(), 1);
    years.says("both said yes; the introduction is sent");
    years.days(5).await;
    let first_day = years.today();
    let first = years.card(&first_day).await;
    assert_eq!(first["counts"]["introductions_sent"], 1);
    assert_eq!(first["counts"]["deals_opened"], 0);
    assert_eq!(first["commitments"][0]["share_bp"], 5_000);
    years.days(1).await;
    let convert = json!({ "action": "convert" });
    years.go(Who::Dana, &introduction, convert.clone()).await;
    years.go(Who::Gul, &introduction, convert).await;
    let deals = stage.get(Who::Gul, "/v1/deals").await.expect(200);
    let deal = format!("/v1/deals/{}", deals["items"][0]["id"].as_str().unwrap());
    years.says("both say that it became a deal");
    years.days(20).await;
    let view = stage.get(Who::Gul, &deal).await.expect(200);
    let last = match view["pipeline"].as_str().unwrap() {
        "pilot" => "settled",
        other => panic!("{other}"),
    };
    let skip = json!({ "action": "skip", "to": last, "reason": "They were quick." });
    years.go(Who::Curator, &deal, skip).await;
    let confirm = json!({
        "action": "confirm", "value_date": years.today(),
        "amount": { "amount_minor": 1_000_000, "currency": "AZN" },
    });
    years.go(Who::Dana, &deal, confirm.clone()).await;
    let won = years.go(Who::Gul, &deal, confirm).await;
    assert_eq!(won["status"], "won");
    years.says("both confirm AZN 10,000");
    let second_day = years.today();
    let second = years.card(&second_day).await;
    assert_eq!(second["counts"]["deals_funded"], 1);
    assert_eq!(second["money_funded"]["total"]["amount_minor"], 500_000);
    years.quote(900_000).await;
    years.says("the manat rises");
    [(first_day, first), (second_day, second)]
}

/// The MoU is renewed.
async fn renewed(years: &Years) {
    let stage = years.stage();
    let programme = format!("/v1/programmes/{}", stage.programme.id);
    let renewal = json!({
        "slug": "il-az-2", "starts_on": years.today(), "ends_on": "2030-12-31",
    });
    let made = stage
        .post(Who::Curator, &format!("{programme}/renewals"), renewal)
        .await;
    let next = made.location.clone().unwrap();
    made.expect(201);
    stage.sign_mou(&next).await;
    years
        .go(Who::Curator, &next, json!({ "action": "activate" }))
        .await;
    let signed = stage.get(Who::Curator, &format!("{next}/agreement")).await;
    let signed = signed.expect(200);
    assert_eq!(signed["intact"], true);
    assert_eq!(signed["signatories"][0]["state"], "signed");
    let old = stage.get(Who::Curator, &programme).await.expect(200);
    assert_eq!(old["status"], "renewed");
    let admitted = stage.get(Who::Curator, &format!("{next}/admissions")).await;
    let admitted = admitted.expect(200);
    assert_eq!(admitted["items"].as_array().unwrap().len(), 6, "{admitted}");
    years.says("the MoU is renewed; whoever was admitted is admitted to the next");
}

/// The investor is checked again; compliance lets go what was held meanwhile.
async fn checked_again(years: &Years, held: &str) {
    let stage = years.stage();
    let until = years.post.now().date_naive() + TimeDelta::days(360);
    let check = json!({
        "organization": stage.investor.id.to_string(), "verdict": "clear",
        "basis": "Registry of companies", "evidence": { "reference": "Archive 8" },
        "valid_to": until.to_string(),
    });
    let checked = stage.post(Who::Compliance, "/v1/clearances", check).await;
    checked.expect(201);
    let release = json!({
        "action": "release", "reason": "Checked again.", "startup_revision": 1,
    });
    years.go(Who::Compliance, held, release).await;
    years.days(1).await;
    assert_eq!(years.post.status(held).await, "sent");
    years.says("the investor is checked again; what was held goes out");
}

#[test]
fn two_years_of_a_corridor_are_told_as_of_any_day() {
    on_each_backend(async |database| {
        let years = Box::pin(begin(database)).await;
        let stage = years.stage();

        years.says("the corridor is open; a startup and a mandate are admitted");
        years.promise().await;
        let [(first_day, first), (second_day, second)] = Box::pin(first_deal(&years)).await;
        closed_border(&years).await;
        let [(before_day, before), (round_day, closed)] = Box::pin(round(&years)).await;

        // Nobody confirms the mandate, then its owner does.
        years.quiet_days(170).await;
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let stale = stage.get(Who::Gul, &mandate).await.expect(200);
        assert_eq!(stale["status"], "stale");
        years.says("nobody confirmed the mandate in time; its owner publishes it again");
        years
            .go(Who::Gul, &mandate, json!({ "action": "publish" }))
            .await;

        // The investor's clearance holds for a year; what is asked for before
        // its end is not sent after it.
        let age = (years.post.now() - stage.profile.created_at).num_days();
        years.quiet_days(362 - age).await;
        let late = years.asked_by_investor("Galil Air").await;
        years.days(3).await;
        let connected = years.connecting();
        // On its last day the gate is open; the mail goes out on the next.
        years.startup_says_yes(&late).await;
        years.days(1).await;
        assert_eq!(years.post.status(&late).await, "held");
        assert_eq!(years.connecting(), connected, "an unknown is no yes");

        years.says("a clearance ran out: what both agreed to is held, not sent");
        checked_again(&years, &late).await;
        assert_eq!(years.connecting(), connected + 1);
        years.quiet_days(80).await;
        renewed(&years).await;

        // Two years later every day of before reads as it did.
        let age = (years.post.now() - stage.profile.created_at).num_days();
        years.quiet_days(731 - age).await;
        let today = years.card(&years.today()).await;
        assert_eq!(today["counts"]["introductions_sent"], 5);
        assert_eq!(today["counts"]["introductions_requested"], 5);
        for part in ["by_currency", "total", "uncompared"] {
            let told = |card: &Value| card["money_funded"][part].clone();
            assert_eq!(told(&today), told(&closed), "whatever the rates");
        }
        assert_eq!(
            today["money_funded"]["total"]["amount_minor"],
            500_000 + ROUND
        );
        for (day, told) in [
            (first_day, first),
            (second_day, second),
            (before_day, before),
            (round_day, closed),
        ] {
            assert_eq!(years.card(&day).await, told, "as of {day}");
        }
        let verify = |conn: &mut Conn| db::chain::verify(conn, 500, |_| {});
        let chain = stage.context.db.read(verify).await.unwrap();
        assert_eq!(chain.first_bad, None);
        assert!(chain.verified > 60, "{}", chain.verified);
        years.says(&format!("{} events in an unbroken chain", chain.verified));
    });
}
