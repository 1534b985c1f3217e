//! A corridor walked at random through the front door: two firms, the
//! operator's people and the clock do whatever comes to them, in whatever order,
//! and after each step what was promised of a corridor still holds.
//!
//! - Nothing is shown unless the gate says yes then and there.
//! - While a freeze is in force no mail names one side to the other.
//! - No address leaves before both said yes.
//! - No record leaps: each move in the log begins where the last one ended.
//! - The times of a deal's stages sum up.
//! - What a deal brought is worth the same whatever rates become.
//!
//! The walks are the same each time, so that a failure is the fault of what
//! changed; `CORRIDOR_SEED` makes others, `CORRIDOR_SOAK=1` many long ones with
//! a seed of their own.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::disclosure::Decision;
use corridor::domain::event::Value as Fact;
use corridor::jobs::clock;
use corridor::services::disclosure::{self, Occasion, Pair};
use corridor::services::export_jobs;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::Post;
use crate::api::stage::{BLURB, INVESTOR, STARTUP, Who};
use crate::api::syndicates::{introduced, round, takes_part};
use crate::crash::{Dice, secrets};
use crate::support::database::{Database, each_backend, on_runtime};

const DANA: &str = "dana@mail.example";
const GUL: &str = "gul@mail.example";
/// These walks led into a suspended programme and a mail that named the other
/// side in it.
const FOUND_ONE: u64 = 1_320_082_637;

/// What a walk knows and has seen so far.
struct Walk {
    post: Post,
    dice: Dice,
    events: i64,
    mails: usize,
    freezes: Vec<String>,
    /// Where each record stood by its last move.
    stands: BTreeMap<(String, uuid::Uuid), String>,
    /// What each deal that was won brought, when it was first seen.
    won: BTreeMap<String, Value>,
    done: Vec<String>,
    /// How many kinds of steps it chooses from.
    kinds: usize,
    /// How many of its tries were not refused.
    taken: usize,
    /// How many renewals were drafted.
    renewals: usize,
    /// The renewal that is signed and not in force yet.
    successor: Option<String>,
    /// The firm of an investor that takes part beside the first.
    second: Option<String>,
}

/// The kinds of steps of the walks that found something.
const FEW: usize = 20;
/// Those with blocks, consents, practices, admissions, rounds and renewals beside
/// them.
const MORE: usize = 32;
/// Those with a second investor, closings, a second curator, clearances that run
/// out and exports beside them.
const ALL: usize = 40;

/// What the gate says of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Frozen,
    Shut,
}

impl Walk {
    async fn begin(database: &Database, dice: Dice, kinds: usize) -> Self {
        let post = Post::open(database).await;
        let walk = Self {
            post,
            dice,
            events: 0,
            mails: 0,
            freezes: vec![],
            stands: BTreeMap::new(),
            won: BTreeMap::new(),
            done: vec![],
            kinds,
            taken: 0,
            renewals: 0,
            successor: None,
            second: None,
        };
        walk.quote(500_000).await;
        let matched = walk.post.stage.matched().await;
        let both = json!({ "action": "release", "to": "both" });
        walk.post.stage.go(Who::Curator, &matched, both).await;
        let asked = walk
            .post
            .stage
            .request_introduction(Who::Dana, &matched, BLURB);
        let introduction = asked.await.location.unwrap();
        walk.post.send().await;
        walk.post.accept(Who::Gul, &introduction).await;
        walk.post.send().await;
        assert_eq!(walk.post.status(&introduction).await, "sent");
        assert_eq!(
            walk.post.server.received().len(),
            3,
            "a question and two copies"
        );
        if kinds > MORE {
            walk.joined().await
        } else {
            walk
        }
    }

    /// With a second investor, which was introduced, and a second curator.
    async fn joined(mut self) -> Self {
        let stage = &self.post.stage;
        let second = stage.another_investor("Second Fund", |_| {}).await;
        introduced(stage, &second).await;
        let (person, now) = (stage.user(Who::SecondCompliance).id, stage.context.now());
        let appoint = move |conn: &mut Conn| {
            let operator = db::users::memberships(conn, person)?[0].organization;
            db::users::insert_membership(conn, person, operator, Role::Curator, now)
        };
        stage.context.db.write(appoint).await.unwrap();
        self.second = Some(second.organization.to_string());
        self
    }

    async fn quote(&self, per_unit: i64) {
        let (day, azn) = (self.post.now().date_naive(), "AZN".parse().unwrap());
        let quote = move |conn: &mut Conn| db::rates::insert(conn, day, &[(azn, per_unit)]);
        self.post.stage.context.db.write(quote).await.unwrap();
    }

    async fn gate(&self) -> Gate {
        let stage = &self.post.stage;
        let context = stage.context.clone();
        let (programme, profile, mandate) =
            (stage.programme.id, stage.profile.id, stage.mandate.id);
        let ask = move |conn: &mut Conn| {
            let pair = Pair::load(conn, programme, profile, mandate)?;
            disclosure::ask(&context, conn, &pair, Occasion::Running)
        };
        match stage.context.db.read(ask).await.unwrap() {
            Decision::Allow => Gate::Open,
            decision if decision.is_frozen() => Gate::Frozen,
            _ => Gate::Shut,
        }
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.dice.between(0, all.len())]
    }

    /// The newest records of a list that somebody sees; paths.
    async fn newest(&self, list: &str) -> Option<String> {
        let seen = self.post.stage.get(Who::Curator, list).await.expect(200);
        // What is between the startup and the second investor stays as it is.
        let other = self.second.as_deref();
        let ours = |it: &&Value| {
            let whole = it.to_string();
            other.is_none_or(|other| list.ends_with("deals") || !whole.contains(other))
        };
        let last = seen["items"]
            .as_array()
            .unwrap()
            .iter()
            .rfind(ours)?
            .clone();
        let base = list.split('?').next().unwrap();
        Some(format!("{base}/{}", last["id"].as_str().unwrap()))
    }

    /// Somebody tries something; that it is refused is as good.
    async fn tries(&mut self, who: Who, record: &str, body: Value) -> u16 {
        let said = format!("{who:?} {record} {body}");
        let answer = self.post.stage.go(who, record, body).await;
        assert!(answer.status < 500, "{said}: {}", answer.text);
        self.done.push(format!("{said} -> {}", answer.status));
        self.taken += usize::from(answer.status < 300);
        answer.status
    }

    async fn posts(&mut self, who: Who, path: &str, body: Value) -> Value {
        let said = format!("{who:?} {path} {body}");
        let answer = self.post.stage.post(who, path, body).await;
        assert!(answer.status < 500, "{said}: {}", answer.text);
        self.done.push(format!("{said} -> {}", answer.status));
        self.taken += usize::from(answer.status < 300);
        if answer.text.is_empty() {
            return Value::Null;
        }
        answer.json()
    }

    async fn step(&mut self) {
        let sides = [Who::Dana, Who::Gul];
        match self.dice.between(0, self.kinds) {
            0 => self.records().await,
            1 => self.clear().await,
            2 => self.freeze().await,
            3 | 4 => self.thaw().await,
            5 => self.programme().await,
            6 | 7 => self.ask().await,
            8..=11 => {
                let actions = [
                    "accept",
                    "accept",
                    "accept",
                    "decline",
                    "more_time",
                    "withdraw",
                    "met",
                    "met",
                    "convert",
                    "convert",
                    "convert",
                    "close",
                    "reply",
                    "late_yes",
                ];
                let action = self.one_of(&actions);
                let body = match action {
                    "decline" => json!({ "action": action, "reason": { "code": "terms" } }),
                    _ => json!({ "action": action }),
                };
                let who = self.one_of(&sides);
                if let Some(introduction) = self.newest("/v1/introductions").await {
                    self.tries(who, &introduction, body.clone()).await;
                    if action == "convert" {
                        for who in sides {
                            self.tries(who, &introduction, body.clone()).await;
                        }
                    }
                }
            }
            12..=15 => self.deal().await,
            16 => {
                let rate = self.dice.between(300_000, 900_000);
                self.quote(i64::try_from(rate).unwrap()).await;
                self.done.push(format!("rate {rate}"));
            }
            20 | 21 => self.apart().await,
            22 | 23 => self.consents().await,
            24 | 25 => self.practice().await,
            26 | 27 => self.admission().await,
            28 | 29 => self.round().await,
            30 | 31 => self.renewal().await,
            32 | 33 => self.syndicate().await,
            34 | 35 => self.closing().await,
            36 => self.vouch().await,
            37 => self.runs_out().await,
            38 | 39 => self.export().await,
            _ => {
                let hours = i64::try_from(self.dice.between(1, 60)).unwrap();
                self.post.advance(TimeDelta::hours(hours));
                clock::strike(&self.post.stage.context).await.unwrap();
                self.done.push(format!("{hours} hours pass"));
            }
        }
        self.post.send().await;
    }

    async fn records(&mut self) {
        let stage = &self.post.stage;
        let profile = format!("/v1/startup-profiles/{}", stage.profile.id);
        let mandate = format!("/v1/mandates/{}", stage.mandate.id);
        let (who, record) = self.one_of(&[(Who::Dana, 0), (Who::Gul, 1)]);
        let record = if record == 0 { profile } else { mandate };
        for action in ["pause", "publish"] {
            if self.dice.between(0, 3) > 0 {
                self.tries(who, &record, json!({ "action": action })).await;
            }
        }
    }

    async fn clear(&mut self) {
        let stage = &self.post.stage;
        let firm = self.dice.between(0, 2);
        let firm = [stage.startup.id, stage.investor.id][firm].to_string();
        let verdict = self.one_of(&["clear", "clear", "clear", "review", "blocked"]);
        let until = self.post.now().date_naive() + TimeDelta::days(300);
        let body = json!({
            "organization": firm, "verdict": verdict, "basis": "Registry of companies",
            "evidence": { "reference": "Archive 7" }, "valid_to": until.to_string(),
        });
        self.posts(Who::Compliance, "/v1/clearances", body.clone())
            .await;
        if verdict == "blocked" {
            // Otherwise most of a walk would be over.
            let mut clear = body;
            clear["verdict"] = json!("clear");
            for who in [Who::Compliance, Who::SecondCompliance] {
                self.posts(who, "/v1/clearances", clear.clone()).await;
            }
        }
    }

    async fn freeze(&mut self) {
        let stage = &self.post.stage;
        let scopes = [
            ("country", "AZ".to_owned()),
            ("organization", stage.startup.id.to_string()),
            ("programme", stage.programme.id.to_string()),
        ];
        let (scope, value) = scopes[self.dice.between(0, scopes.len())].clone();
        let body = json!({ "scope": scope, "value": value, "reason": "An order" });
        let made = self.posts(Who::Compliance, "/v1/freezes", body).await;
        if let Some(id) = made["id"].as_str() {
            self.freezes.push(format!("/v1/freezes/{id}"));
        }
    }

    async fn thaw(&mut self) {
        let Some(freeze) = self.freezes.pop() else {
            return;
        };
        for who in [Who::Compliance, Who::SecondCompliance] {
            let lift = json!({ "action": "lift", "reason": "The order is over" });
            let lifted = self.tries(who, &freeze, lift).await;
            assert_eq!(lifted, 200, "{:#?}", self.done);
        }
    }

    async fn programme(&mut self) {
        let programme = format!("/v1/programmes/{}", self.post.stage.programme.id);
        let suspend = json!({ "action": "suspend", "reason": "A court order." });
        self.tries(Who::Curator, &programme, suspend).await;
        if self.dice.between(0, 3) > 0 {
            let resume = json!({ "action": "resume" });
            self.tries(Who::Curator, &programme, resume).await;
        }
    }

    /// The two are kept apart; mostly that ends again.
    async fn apart(&mut self) {
        let stage = &self.post.stage;
        let firms = [stage.startup.id.to_string(), stage.investor.id.to_string()];
        let body = json!({ "organizations": firms, "reason": "A conflict" });
        self.posts(Who::Compliance, "/v1/blocks", body).await;
        if self.dice.between(0, 4) == 0 {
            return;
        }
        let lift = json!({ "action": "lift", "reason": "It is over" });
        if let Some(block) = self.newest("/v1/blocks").await {
            for who in [Who::Compliance, Who::SecondCompliance] {
                self.tries(who, &block, lift.clone()).await;
            }
        }
    }

    /// Somebody takes back what they agreed to; mostly they agree again.
    async fn consents(&mut self) {
        let who = self.one_of(&[Who::Dana, Who::Gul]);
        let list = self.post.stage.get(who, "/v1/me/consents").await;
        let Some(receipt) = list.expect(200)["items"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
        else {
            return;
        };
        let path = format!("/v1/me/consents/{}", receipt["id"].as_str().unwrap());
        let again = self.dice.between(0, 4) > 0;
        let steps = ["withdrawal", "renewal"];
        for step in steps.iter().take(1 + usize::from(again)) {
            let path = format!("{path}/{step}");
            let request = self.post.stage.request(who, "POST", &path);
            let status = request.send().await.unwrap().status().as_u16();
            assert!(status < 500, "{path}");
            self.done.push(format!("{who:?} {path} -> {status}"));
            self.taken += usize::from(status < 300);
        }
    }

    async fn practice(&mut self) {
        let newest = self.newest("/v1/practices").await;
        let Some(practice) = newest.filter(|_| self.dice.between(0, 4) > 0) else {
            let body = crate::api::practices::proposal(&self.post.stage);
            self.posts(Who::Curator, "/v1/practices", body).await;
            return;
        };
        let actions = [
            "offer", "offer", "agree", "agree", "decline", "complete", "end",
        ];
        let action = json!({ "action": self.one_of(&actions) });
        for who in [Who::Curator, Who::Dana, Who::Gul] {
            self.tries(who, &practice, action.clone()).await;
        }
    }

    /// A record leaves the programme; mostly it comes back.
    async fn admission(&mut self) {
        let stage = &self.post.stage;
        let path = format!("/v1/programmes/{}/admissions", stage.programme.id);
        let profile = json!({ "startup_profile": stage.profile.id.to_string() });
        let mandate = json!({ "mandate": stage.mandate.id.to_string() });
        let record = [profile, mandate][self.dice.between(0, 2)].clone();
        let mut gone = record.clone();
        gone["reason"] = json!("It asked to leave");
        let withdrawals = format!("{path}/withdrawals");
        self.posts(Who::Curator, &withdrawals, gone).await;
        if self.dice.between(0, 4) > 0 {
            self.posts(Who::Curator, &path, record).await;
        }
    }

    /// A round is set for the newest deal, an investor promises some of it, or the
    /// deal goes another way.
    async fn round(&mut self) {
        let Some(deal) = self.newest("/v1/deals").await else {
            return;
        };
        let today = self.post.now().date_naive();
        let investor = self.post.stage.investor.id.to_string();
        let firmness = self.one_of(&["soft", "hard"]);
        let promise = takes_part(&investor, firmness, 60_000, "USD");
        let amount = json!({ "amount_minor": 1_000_000, "currency": "AZN" });
        match self.dice.between(0, 4) {
            0 => {
                self.puts(Who::Dana, &format!("{deal}/round"), round())
                    .await;
            }
            1 => {
                let members = format!("{deal}/participants");
                self.puts(Who::Gul, &members, promise).await;
            }
            2 => {
                let to = self.one_of(&["equity", "pilot", "licence"]);
                let body =
                    json!({ "action": "reroute", "pipeline": to, "reason": "They changed it" });
                self.tries(Who::Curator, &deal, body).await;
            }
            _ => {
                let side = self.one_of(&["startup", "investor"]);
                let body = json!({
                    "action": "vouch", "side": side, "amount": amount,
                    "value_date": today.to_string(), "reason": "A bank's slip",
                });
                self.tries(Who::Curator, &deal, body).await;
            }
        }
    }

    /// Two investors promise some of the newest deal's round, or say that their
    /// money is there; or one of them leaves.
    async fn syndicate(&mut self) {
        let (Some(deal), Some(second)) = (self.newest("/v1/deals").await, self.second.clone())
        else {
            return;
        };
        let members = format!("{deal}/participants");
        let first = self.post.stage.investor.id.to_string();
        let interest = self.one_of(&["committed", "committed", "funded", "funded", "withdrawn"]);
        for (firm, firmness) in [
            (&first, "soft"),
            (&second, "soft"),
            (&first, "hard"),
            (&second, "hard"),
        ] {
            let mut promise = takes_part(firm, firmness, 70_000, "USD");
            promise["closing"] = json!(1);
            promise["interest"] = json!(interest);
            let sayers = if *firm == first {
                [Who::Gul, Who::Dana]
            } else {
                [Who::Curator, Who::Dana]
            };
            for who in sayers {
                let mut said = promise.clone();
                if interest == "funded" && who == Who::Curator {
                    said["evidence"] = json!("A bank's slip");
                }
                self.puts(who, &members, said).await;
            }
        }
    }

    /// The newest deal's round gets a closing, which is closed, funded or given up.
    async fn closing(&mut self) {
        let Some(deal) = self.newest("/v1/deals").await else {
            return;
        };
        let path = format!("{deal}/closings");
        let action = self.one_of(&["plan", "plan", "close", "close", "fund", "cancel"]);
        if action == "plan" {
            self.puts(Who::Dana, &format!("{deal}/round"), round())
                .await;
            let closings = json!({ "closings": [
                { "minimum": 40_000, "maximum": 100_000, "closes_on": "2027-03-31" },
            ] });
            self.puts(Who::Dana, &path, closings).await;
            return;
        }
        let body = json!({ "action": action });
        self.tries(Who::Dana, &format!("{path}/1"), body).await;
    }

    /// The startup says what came, and two curators that it did.
    async fn vouch(&mut self) {
        let Some(deal) = self.newest("/v1/deals").await else {
            return;
        };
        let amount = json!({ "amount_minor": 100_000, "currency": "USD" });
        let mut body = json!({
            "action": "confirm", "amount": amount,
            "value_date": self.post.now().date_naive().to_string(),
        });
        self.tries(Who::Dana, &deal, body.clone()).await;
        body["action"] = json!("vouch");
        body["side"] = json!("investor");
        body["reason"] = json!("A bank's slip");
        let before = self.won_at(&deal).await;
        self.tries(Who::Curator, &deal, body.clone()).await;
        assert_eq!(
            self.won_at(&deal).await,
            before,
            "one alone: {:#?}",
            self.done
        );
        self.tries(Who::SecondCompliance, &deal, body).await;
    }

    async fn won_at(&self, deal: &str) -> bool {
        let seen = self.post.stage.get(Who::Curator, deal).await.expect(200);
        seen["status"] == "won"
    }

    /// A firm's clearance runs out in a day or two; mostly it is checked again.
    async fn runs_out(&mut self) {
        let stage = &self.post.stage;
        let firm = [stage.startup.id, stage.investor.id][self.dice.between(0, 2)];
        let check = |until: chrono::NaiveDate| {
            json!({
                "organization": firm.to_string(), "verdict": "clear",
                "basis": "Registry of companies", "evidence": { "reference": "Archive 9" },
                "valid_to": until.to_string(),
            })
        };
        let today = self.post.now().date_naive();
        let short = check(today + TimeDelta::days(1));
        let checked = self.posts(Who::Compliance, "/v1/clearances", short);
        let checked = checked.await;
        self.post.advance(TimeDelta::days(2));
        clock::strike(&self.post.stage.context).await.unwrap();
        self.post.send().await;
        if checked["id"].is_string() {
            assert_ne!(self.gate().await, Gate::Open, "{:#?}", self.done);
        }
        if self.dice.between(0, 4) > 0 {
            let long = check(today + TimeDelta::days(300));
            self.posts(Who::Compliance, "/v1/clearances", long).await;
        }
    }

    /// A side has what it may read written into a file, which names the other side
    /// only as far as its lists do.
    async fn export(&mut self) {
        let (who, other) = self.one_of(&[(Who::Dana, INVESTOR), (Who::Gul, STARTUP)]);
        let (kind, list) = self.one_of(&[
            ("introductions", "/v1/introductions?limit=100"),
            ("deals", "/v1/deals?limit=100"),
        ]);
        let body = json!({ "kind": kind, "format": "ndjson" });
        let made = self.posts(who, "/v1/exports", body).await;
        let Some(id) = made["id"].as_str() else {
            return;
        };
        let context = &self.post.stage.context;
        let holder = context.new_id();
        while export_jobs::work::work(context, holder).await.unwrap() {}
        let file = format!("/v1/exports/{id}/file");
        let file = self.post.stage.get(who, &file).await;
        assert!(file.status < 500, "{}", file.text);
        let told = self.post.stage.get(who, list).await.expect(200);
        if file.status == 200 && !told.to_string().contains(other) {
            assert!(
                !file.text.contains(other),
                "{}\n{:#?}",
                file.text,
                self.done
            );
        }
    }

    async fn puts(&mut self, who: Who, path: &str, body: Value) {
        let request = self.post.stage.request(who, "PUT", path);
        let request = request.header("If-Match", "*").json(&body);
        let status = request.send().await.unwrap().status().as_u16();
        assert!(status < 500, "{path} {body}");
        self.done.push(format!("{who:?} {path} {body} -> {status}"));
        self.taken += usize::from(status < 300);
    }

    /// The MoU is renewed: drafted and signed by all, and in force when nothing
    /// stands in its way. The two are matched anew under it.
    async fn renewal(&mut self) {
        let old = self.post.stage.programme.clone();
        if self.successor.is_none() {
            self.renewals += 1;
            let body = json!({
                "slug": format!("il-az-{}", self.renewals),
                "starts_on": self.post.now().date_naive().to_string(),
                "ends_on": (old.details.ends_on + TimeDelta::days(30)).to_string(),
            });
            let path = format!("/v1/programmes/{}/renewals", old.id);
            let drafted = self.posts(Who::Curator, &path, body).await;
            let Some(id) = drafted["id"].as_str() else {
                return;
            };
            let next = format!("/v1/programmes/{id}");
            let party = json!({ "parties": [{
                "organization": self.post.stage.investor.id.to_string(), "role": "signatory",
            }] });
            let stage = &self.post.stage;
            stage.edit(Who::Curator, &next, party).await.expect(200);
            stage.sign_mou(&next).await;
            self.successor = Some(next);
        }
        let Some(next) = self.successor.clone() else {
            return;
        };
        let activate = json!({ "action": "activate" });
        if self.tries(Who::Curator, &next, activate).await != 200 {
            return;
        }
        self.successor = None;
        let id = next.rsplit('/').next().unwrap().parse().unwrap();
        let find = move |conn: &mut Conn| db::programmes::find(conn, id);
        let found = self.post.stage.context.db.read(find).await.unwrap();
        self.post.stage.programme = found.unwrap();
        let stage = &self.post.stage;
        let pair = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": stage.mandate.id.to_string(),
        });
        self.posts(Who::Curator, "/v1/matches", pair).await;
    }

    async fn ask(&mut self) {
        let who = self.one_of(&[Who::Dana, Who::Gul, Who::Curator]);
        let Some(matched) = self.newest("/v1/matches").await else {
            return;
        };
        let both = json!({ "action": "release", "to": "both" });
        self.tries(Who::Curator, &matched, both).await;
        let matched = matched.rsplit('/').next().unwrap().to_owned();
        let body = json!({ "match": matched, "blurb": BLURB });
        self.posts(who, "/v1/introductions", body).await;
    }

    async fn deal(&mut self) {
        let Some(deal) = self.newest("/v1/deals").await else {
            return;
        };
        let today = self.post.now().date_naive();
        let who = self.one_of(&[Who::Dana, Who::Gul, Who::Curator, Who::Compliance]);
        let later = today + TimeDelta::days(20);
        let bodies = [
            json!({ "action": "report" }),
            json!({ "action": "advance" }),
            json!({ "action": "hold", "reason": "Holidays", "until": later.to_string() }),
            json!({ "action": "resume" }),
            json!({ "action": "lose", "code": "terms" }),
            json!({ "action": "reopen", "reason": "They talk again" }),
            json!({ "action": "block", "reason": "A list" }),
            json!({ "action": "unblock", "reason": "Another firm" }),
            json!({ "action": "finish" }),
        ];
        let body = bodies[self.dice.between(0, bodies.len())].clone();
        match body["action"].as_str() {
            Some("finish") => {
                let seen = self.post.stage.get(Who::Curator, &deal).await.expect(200);
                let last = match seen["pipeline"].as_str() {
                    Some("pilot") => "settled",
                    _ => "funded",
                };
                let skip = json!({ "action": "skip", "to": last, "reason": "They were quick" });
                self.tries(Who::Curator, &deal, skip).await;
                let confirm = json!({
                    "action": "confirm", "value_date": today.to_string(),
                    "amount": { "amount_minor": 1_000_000, "currency": "AZN" },
                });
                for who in [Who::Dana, Who::Gul] {
                    self.tries(who, &deal, confirm.clone()).await;
                }
            }
            Some("report") => {
                for who in [Who::Dana, Who::Gul] {
                    self.tries(who, &deal, body.clone()).await;
                }
            }
            Some("block" | "unblock") => {
                for who in [Who::Compliance, Who::SecondCompliance] {
                    self.tries(who, &deal, body.clone()).await;
                }
            }
            _ => drop(self.tries(who, &deal, body).await),
        }
    }

    /// What holds after each step, whatever it was.
    async fn check(&mut self, before: Gate, after: Gate) {
        let stage = &self.post.stage;
        stage.context.db.seal_pending().await.unwrap();
        let from = self.events;
        let page = move |conn: &mut Conn| db::events::page(conn, from, 10_000);
        let events = stage.context.db.read(page).await.unwrap();
        let done = || format!("{:#?}", self.done);
        for event in &events {
            self.events = event.position;
            if event.kind == "organization.disclosed" {
                let open = before == Gate::Open || after == Gate::Open;
                assert!(open, "shown at {before:?}, {after:?}: {}", done());
            }
            let code = |name: &str| {
                let found = event.payload.iter().find(|(key, _)| key == name);
                match found {
                    Some((_, Fact::Code(code))) => Some(code.clone()),
                    _ => None,
                }
            };
            let moved = event.kind.rsplit('.').next() == Some("moved");
            let (Some(from), Some(to)) = (code("from"), code("to")) else {
                continue;
            };
            let record = (event.kind.clone(), event.subject.id);
            let stood = self.stands.insert(record, to);
            if let Some(stood) = stood.filter(|_| moved) {
                assert_eq!(stood, from, "{}: {}", event.kind, done());
            }
        }
        let received = self.post.server.received();
        for mail in &received[self.mails..] {
            let parsed = MessageParser::new().parse(&mail.content).unwrap();
            let mut words = parsed.subject().unwrap_or_default().to_owned();
            for place in 0..2 {
                words += &parsed.body_text(place).unwrap_or_default();
                words += &parsed.body_html(place).unwrap_or_default();
            }
            let to_dana = mail.to.iter().any(|to| to.contains(DANA));
            let to_gul = mail.to.iter().any(|to| to.contains(GUL));
            if before == Gate::Frozen && after == Gate::Frozen {
                let named =
                    to_dana && words.contains(INVESTOR) || to_gul && words.contains(STARTUP);
                assert!(!named, "in a freeze: {words}\n{}", done());
            }
            if !mail.connects() {
                // With its attachments, and all encodings undone.
                let whole = secrets::words(mail);
                let holds = |address| whole.contains(address);
                let told = to_dana && holds(GUL) || to_gul && holds(DANA);
                assert!(!told, "an address: {whole}\n{}", done());
            }
        }
        self.mails = received.len();
        self.check_deals().await;
    }

    async fn check_deals(&mut self) {
        let stage = &self.post.stage;
        let deals = stage.get(Who::Curator, "/v1/deals").await.expect(200);
        for deal in deals["items"].as_array().unwrap() {
            let path = format!("/v1/deals/{}", deal["id"].as_str().unwrap());
            let history = stage.get(Who::Curator, &format!("{path}/history")).await;
            let history = history.expect(200);
            let stays = history["items"].as_array().unwrap();
            let lasted: i64 = stays
                .iter()
                .map(|it| it["lasted_s"].as_i64().unwrap())
                .sum();
            let total = history["total_s"].as_i64().unwrap();
            let parts = i64::try_from(stays.len()).unwrap();
            // Each is told in whole seconds.
            assert!(
                (total - lasted).abs() <= parts,
                "{history}\n{:#?}",
                self.done
            );
            if deal["status"] == "won" {
                let programme = deal["programme"].as_str().unwrap();
                let card = format!("/v1/programmes/{programme}/scorecard");
                let card = stage.get(Who::Curator, &card).await.expect(200);
                let mut brought = json!([
                    deal["locked_rate"],
                    deal["startup_funding"],
                    deal["investor_funding"],
                    card["money_funded"]["total"]
                ]);
                if self.kinds > MORE {
                    // Where closings bring money too, the whole grows.
                    brought[3] = Value::Null;
                }
                let first = self.won.entry(path).or_insert_with(|| brought.clone());
                assert_eq!(*first, brought, "{:#?}", self.done);
            }
        }
    }

    async fn end(&self, steps: usize) {
        // Refusals are as good as moves, but a walk of refusals shows nothing.
        assert!(self.taken >= steps / 6, "{} of {steps} steps", self.taken);
        assert!(self.mails >= 3, "{} mails", self.mails);
        let stage = &self.post.stage;
        let verify = |conn: &mut Conn| db::chain::verify(conn, 500, |_| {});
        let chain = stage.context.db.read(verify).await.unwrap();
        assert_eq!(chain.first_bad, None);
        let queue = self.post.queue().await;
        let mut intents: Vec<_> = queue.iter().map(|it| it.intent_key.clone()).collect();
        intents.sort();
        let all = intents.len();
        intents.dedup();
        assert_eq!(intents.len(), all, "one mail per intent");
    }
}

#[test]
fn whatever_happens_in_a_corridor_what_was_promised_of_it_holds() {
    let soak = std::env::var("CORRIDOR_SOAK").is_ok_and(|it| it == "1");
    let (walks, steps) = if soak { (60, 150) } else { (3, 60) };
    let mut dice = if soak || std::env::var_os("CORRIDOR_SEED").is_some() {
        Dice::seeded()
    } else {
        Dice::of(FOUND_ONE)
    };
    let (mut walked, mut events, mut mails) = (0, 0, 0);
    for walk in 0..walks {
        let kinds = [FEW, MORE, ALL][walk % 3];
        // Each walk has a store of its own.
        for database in each_backend() {
            let seed = dice.between(0, usize::MAX >> 32);
            eprintln!("on {database}, walk {seed}:");
            let dice = Dice::of(u64::try_from(seed).unwrap());
            let (more_events, more_mails) = on_runtime(async {
                let mut walk = Box::pin(Walk::begin(&database, dice, kinds)).await;
                for _ in 0..steps {
                    let before = walk.gate().await;
                    Box::pin(walk.step()).await;
                    let after = walk.gate().await;
                    walk.check(before, after).await;
                }
                walk.end(steps).await;
                eprintln!(
                    "{steps} steps, {} taken, {} events, {} mails, {} deals won",
                    walk.taken,
                    walk.events,
                    walk.mails,
                    walk.won.len()
                );
                (walk.events, walk.mails)
            });
            walked += 1;
            events += more_events;
            mails += more_mails;
        }
    }
    // A walk on which everything is refused finds nothing.
    let least = i64::try_from(walked * steps / 2).unwrap();
    assert!(events > least, "{events} events");
    assert!(mails > walked, "{mails} mails");
}
