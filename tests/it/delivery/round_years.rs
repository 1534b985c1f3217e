//! What a corridor's two years have of a round: two investors in one deal, a
//! closing that is too full, and money that one side is silent about.

use chrono::TimeDelta;
use corridor::db::{self, Conn};
use corridor::domain::account::Role;
use corridor::domain::mandate::Mandate;
use serde_json::{Value, json};

use super::two_years::{Told, Years};
use crate::api::stage::{BLURB, Who};
use crate::api::syndicates::{join_as, put, takes_part};

/// What the round brings, in cents: as much as its only closing takes.
pub const ROUND: i64 = 100_000;

impl Years {
    /// The startup asks for that investor, for which somebody says yes; the path
    /// of the introduction, whose mail went out.
    async fn introduced_to(&self, who: Who, mandate: &Mandate) -> String {
        let stage = self.stage();
        join_as(stage, who, mandate.organization, Role::Owner).await;
        let body = json!({
            "programme": stage.programme.id.to_string(),
            "startup_profile": stage.profile.id.to_string(),
            "mandate": mandate.id.to_string(),
        });
        let matched = stage.post(Who::Curator, "/v1/matches", body).await;
        let matched = matched.location.clone().unwrap();
        let both = json!({ "action": "release", "to": "both" });
        self.go(Who::Curator, &matched, both).await;
        let made = stage.request_introduction(Who::Dana, &matched, BLURB).await;
        let introduction = made.location.clone().unwrap();
        made.expect(201);
        self.post.send().await;
        self.go(who, &introduction, json!({ "action": "accept" }))
            .await;
        self.days(1).await;
        assert_eq!(self.post.status(&introduction).await, "sent");
        introduction
    }

    async fn puts(&self, who: Who, path: &str, body: Value) -> Value {
        put(self.stage(), who, path, body).await.expect(200)
    }

    /// The second of compliance is a curator too, so that there are two.
    async fn second_curator(&self) {
        let stage = self.stage();
        let (person, now) = (stage.user(Who::SecondCompliance).id, stage.context.now());
        let appoint = move |conn: &mut Conn| {
            let operator = db::users::memberships(conn, person)?[0].organization;
            db::users::insert_membership(conn, person, operator, Role::Curator, now)
        };
        stage.context.db.write(appoint).await.unwrap();
    }
}

/// A deal of the startup with another investor, in the pipeline for shares.
async fn opened(years: &Years, lead: &Mandate) -> String {
    let stage = years.stage();
    let introduction = years.introduced_to(Who::Stranger, lead).await;
    let convert = json!({ "action": "convert" });
    years.go(Who::Dana, &introduction, convert.clone()).await;
    years.go(Who::Stranger, &introduction, convert).await;
    let path = format!("/v1/deals?status=open&organization={}", stage.startup.id);
    let deals = stage.get(Who::Curator, &path).await.expect(200);
    let deals = deals["items"].as_array().unwrap();
    let of_lead = lead.organization.to_string();
    let found = deals.iter().find(|it| it.to_string().contains(&of_lead));
    let deal = format!("/v1/deals/{}", found.unwrap()["id"].as_str().unwrap());
    let equity = json!({
        "action": "reroute", "pipeline": "equity", "reason": "They want a share.",
    });
    years.go(Who::Curator, &deal, equity).await;
    deal
}

/// Two investors promise, first without binding themselves and then for good,
/// more than there is room for; the closing shares it out.
async fn closed(years: &Years, deal: &str, [lead, second]: [&Mandate; 2]) -> [Value; 2] {
    let today = years.post.now().date_naive();
    let day = |days: i64| (today + TimeDelta::days(days)).to_string();
    let round = json!({
        "currency": "USD", "minimum": 50_000, "target": ROUND, "maximum": 120_000,
        "closes_on": day(60),
    });
    years.puts(Who::Dana, &format!("{deal}/round"), round).await;
    let closings = json!({ "closings": [
        { "minimum": 60_000, "maximum": ROUND, "closes_on": day(30) },
    ] });
    let path = format!("{deal}/closings");
    years.puts(Who::Dana, &path, closings).await;
    let members = format!("{deal}/participants");
    let promise = |mandate: &Mandate, firmness: &str, minor: i64| {
        let mut body = takes_part(&mandate.organization.to_string(), firmness, minor, "USD");
        body["closing"] = json!(1);
        body
    };
    for firmness in ["soft", "hard"] {
        let body = promise(lead, firmness, 80_000);
        years.puts(Who::Stranger, &members, body).await;
        let body = promise(second, firmness, 40_000);
        years.puts(Who::Stranger, &members, body).await;
        years.says(&format!("both investors promise, {firmness}"));
        years.days(1).await;
    }
    let close = json!({ "action": "close" });
    let closed = years.go(Who::Dana, &format!("{path}/1"), close).await;
    assert_eq!(closed["closings"][0]["subscription"], "over");
    let shares = closed["participants"].as_array().unwrap().iter();
    let shares: i64 = shares.map(|it| it["allocated"].as_i64().unwrap()).sum();
    assert_eq!(shares, ROUND, "{closed}");
    years.says("the round is closed: too full, so each gets a share");
    [
        promise(lead, "hard", 80_000),
        promise(second, "hard", 40_000),
    ]
}

/// The money of the closing is there, as the startup and each investor say.
async fn paid(years: &Years, deal: &str, [lead, second]: [Value; 2]) {
    let members = format!("{deal}/participants");
    let fund = json!({ "action": "fund" });
    for (who, mut body) in [(Who::Stranger, lead), (Who::Stranger, second)] {
        body["interest"] = json!("funded");
        let early = format!("{deal}/closings/1");
        let early = years.stage().go(Who::Dana, &early, fund.clone()).await;
        assert_eq!(early.code(409), "not_paid");
        years.puts(who, &members, body.clone()).await;
        years.puts(Who::Dana, &members, body).await;
    }
    let funded = years
        .go(Who::Dana, &format!("{deal}/closings/1"), fund)
        .await;
    assert_eq!(funded["closings"][0]["status"], "funded");
    years.says("both sides say that the money of both investors is there");
}

/// The lead is silent about the whole; two curators confirm it on evidence, which
/// one of them alone can't.
async fn vouched(years: &Years, deal: &str) {
    let stage = years.stage();
    let skip = json!({ "action": "skip", "to": "funded", "reason": "Signed." });
    years.go(Who::Curator, deal, skip).await;
    let confirm = json!({
        "action": "confirm", "value_date": years.today(),
        "amount": { "amount_minor": ROUND, "currency": "USD" },
    });
    years.go(Who::Dana, deal, confirm.clone()).await;
    let mut vouch = confirm;
    vouch["action"] = json!("vouch");
    vouch["side"] = json!("investor");
    vouch["reason"] = json!("The bank's advice.");
    let alone = years.go(Who::Curator, deal, vouch.clone()).await;
    assert_eq!(alone["status"], "open");
    let again = stage.go(Who::Curator, deal, vouch.clone()).await;
    assert_eq!(again.code(409), "second_person_needed");
    let won = years.go(Who::SecondCompliance, deal, vouch).await;
    assert_eq!(won["status"], "won");
    years.says("the lead is silent; two curators confirm it on evidence");
}

/// A round of the startup with two investors; what the scorecard told on the day
/// before its money came, and on the day after.
pub async fn round(years: &Years) -> [Told; 2] {
    let stage = years.stage();
    years.second_curator().await;
    let lead = stage.another_investor("Caspian Fund", |_| {}).await;
    let second = stage.another_investor("Absheron Fund", |_| {}).await;
    years.introduced_to(Who::Stranger, &second).await;
    let deal = opened(years, &lead).await;
    let promised = Box::pin(closed(years, &deal, [&lead, &second])).await;
    let before_day = years.today();
    let before = years.card(&before_day).await;
    years.days(1).await;
    Box::pin(paid(years, &deal, promised)).await;
    vouched(years, &deal).await;
    let after_day = years.today();
    let after = years.card(&after_day).await;
    let total = |card: &Value| card["money_funded"]["total"]["amount_minor"].clone();
    let [then, now] = [&before, &after].map(|card| total(card).as_i64().unwrap());
    assert_eq!(now, then + ROUND);
    let funded = |card: &Value| card["counts"]["deals_funded"].as_i64().unwrap();
    assert_eq!(funded(&after), funded(&before) + 1);
    [(before_day, before), (after_day, after)]
}
