//! What came of pairs here, read from the log: who agreed to be introduced,
//! met, began a deal, put money in, or passed, and when. What is asked as of an
//! earlier day is answered from what the log said by then.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::events::{self, SealedEvent};
use crate::db::matches::Filter as MatchFilter;
use crate::db::{self, Conn};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{
    IntroductionId, MandateId, OrganizationId, ProgrammeId, StartupProfileId,
};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::money::Money;
use crate::domain::pipeline::{Deal, DealStatus, Pipeline};
use crate::domain::review::{MatchStatus, Response};
use crate::domain::text::Slug;
use crate::domain::values::Side;
use crate::matching::deals::{FUNDED, Sign};

use super::{Context, Error};

/// What an introduction counts that both agreed to, in bp of money put in.
pub const AGREED: u64 = 1_000;
/// What a meeting counts.
pub const MET: u64 = 2_000;
/// What a deal counts at least; further on it counts as likely as its stage
/// makes money, and never as much as money.
pub const BEGUN: u64 = 3_000;
/// The most that a deal without money counts.
pub const NEARLY: u64 = 9_000;
/// What a pass counts against what it resembles.
pub const PASSED: u64 = 1_000;

/// More than there can be.
const ALL: usize = 1 << 40;

/// What came of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Which startup profile.
    pub startup_profile: StartupProfileId,
    /// Which mandate.
    pub mandate: MandateId,
    /// Whose.
    pub investor: OrganizationId,
    /// What it came to.
    pub sign: Sign,
    /// What it counts, in bp of money put in.
    pub worth: u64,
    /// When: the first yes of what was taken up, the day of the money, the pass.
    pub at: DateTime<Utc>,
    /// How much money, where it was put in.
    pub amount: Option<Money>,
}

/// What the events of one record came to.
#[derive(Default)]
struct Course {
    agreed: Option<DateTime<Utc>>,
    passed: Option<DateTime<Utc>>,
    won: Option<DateTime<Utc>>,
    worth: u64,
}

/// Everything that came of pairs before `until`, or so far.
///
/// # Errors
/// A statement failed.
pub fn list(
    context: &Context,
    conn: &mut Conn,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Outcome>, Error> {
    let mut courses: BTreeMap<IntroductionId, Course> = BTreeMap::new();
    for event in events::about(conn, SubjectKind::Introduction, until)? {
        let course = courses.entry(event.subject.id.into()).or_default();
        follow_introduction(course, &event);
    }
    let deals = db::deals::list(conn, &db::deals::Filter::default(), None, ALL)?;
    let deals: BTreeMap<Uuid, Deal> = deals
        .into_iter()
        .map(|deal| (deal.id.uuid(), deal))
        .collect();
    let mut amounts = BTreeMap::new();
    for event in events::about(conn, SubjectKind::Deal, until)? {
        let Some(deal) = deals.get(&event.subject.id) else {
            continue;
        };
        // One that was opened by hand says nothing of how proposals fare.
        let Some(introduction) = deal.introduction() else {
            continue;
        };
        let course = courses.entry(introduction).or_default();
        let set = context.pipelines.of(conn, deal.pipeline_set)?;
        let pipeline = set.get(&deal.pipeline).map(AsRef::as_ref);
        follow_deal(course, pipeline, &event);
        if course.won.is_some() {
            amounts.insert(introduction, deal.investor_funding);
        }
    }
    let mut outcomes = Vec::new();
    let filter = db::introductions::Filter::default();
    for introduction in db::introductions::list(conn, &filter, None, ALL)? {
        let Some((sign, at, worth)) = courses.get(&introduction.id).and_then(Course::end) else {
            continue;
        };
        let funding = amounts.get(&introduction.id).copied().flatten();
        outcomes.push(Outcome {
            programme: introduction.programme,
            startup_profile: introduction.startup_profile,
            mandate: introduction.mandate,
            investor: introduction.investor,
            sign,
            worth,
            at,
            amount: funding.map(|funding| funding.amount),
        });
    }
    outcomes.extend(passes(conn, until)?);
    Ok(outcomes)
}

/// Matches that an investor passed on. A pass is final, so the match says when.
fn passes(conn: &mut Conn, until: Option<DateTime<Utc>>) -> Result<Vec<Outcome>, Error> {
    let filter = MatchFilter {
        status: Some(MatchStatus::Passed),
        ..MatchFilter::default()
    };
    let passed = db::matches::list(conn, &filter, None, ALL)?;
    let theirs = passed.into_iter().filter(|matched| {
        matched.investor_response == Response::Passed
            && until.is_none_or(|until| matched.updated_at < until)
    });
    let outcome = |matched: crate::domain::review::Match| Outcome {
        programme: matched.programme,
        startup_profile: matched.startup_profile,
        mandate: matched.mandate,
        investor: matched.investor,
        sign: Sign::Passed,
        worth: PASSED,
        at: matched.updated_at,
        amount: None,
    };
    Ok(theirs.map(outcome).collect())
}

impl Course {
    /// What it came to: money before what was taken up, that before a pass.
    fn end(&self) -> Option<(Sign, DateTime<Utc>, u64)> {
        match (self.won, self.agreed, self.passed) {
            (Some(at), _, _) => Some((Sign::Funded, at, FUNDED)),
            (None, Some(at), _) => Some((Sign::TookUp, at, self.worth)),
            (None, None, Some(at)) => Some((Sign::Passed, at, PASSED)),
            (None, None, None) => None,
        }
    }

    fn takes_up(&mut self, at: DateTime<Utc>, worth: u64) {
        self.agreed = self.agreed.or(Some(at));
        self.worth = self.worth.max(worth);
    }
}

fn follow_introduction(course: &mut Course, event: &SealedEvent) {
    use IntroductionStatus as S;
    match said(event, "to").and_then(IntroductionStatus::from_code) {
        Some(S::BothAccepted | S::Sent | S::InConversation) => course.takes_up(event.at, AGREED),
        Some(S::Met) => course.takes_up(event.at, MET),
        Some(S::Converted) => course.takes_up(event.at, BEGUN),
        Some(S::Declined) if said(event, "side") == Some(Side::Investor.code()) => {
            course.passed = Some(event.at);
        }
        _ => {}
    }
}

fn follow_deal(course: &mut Course, pipeline: Option<&Pipeline>, event: &SealedEvent) {
    let stage = said(event, "stage_to").or_else(|| said(event, "stage"));
    let stage = stage.and_then(|stage| stage.parse::<Slug>().ok());
    let stage = stage.and_then(|stage| Some(pipeline?.find(&stage)?.1.probability));
    let likely = stage.map_or(BEGUN, u64::from).clamp(BEGUN, NEARLY);
    course.takes_up(event.at, likely);
    if said(event, "to") == Some(DealStatus::Won.code()) {
        course.won = Some(event.at);
    }
}

/// The code that an event says under a key.
fn said<'a>(event: &'a SealedEvent, key: &str) -> Option<&'a str> {
    let (_, value) = event.payload.iter().find(|(name, _)| name == key)?;
    match value {
        Value::Code(code) => Some(code),
        _ => None,
    }
}
