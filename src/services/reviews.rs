//! Compliance's queue: what the gate leaves open, one entry for everything
//! that one decision covers. A decision is about a startup's profile at a
//! revision, in a programme, towards a country; whatever waits on it moves
//! together, each record by its own machine and in a transaction of its own.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::page::Page;
use crate::db::worklist::{self as waiting, Waiting};
use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::ids::{IntroductionId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::permission::Operation;
use crate::domain::profile::ControlAnswers;
use crate::domain::review::{MatchAction, MatchStatus};
use crate::domain::tag::Sensitivity;
use crate::domain::text::Slug;

use super::disclosure::{self, Occasion, Pair};
use super::introductions::{self, Step};
use super::matches::{self, Move};
use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error};

/// The longest waiting records of each kind that are looked at.
const MOST: i64 = 500;

/// What a decision covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Which startup's profile.
    pub profile: StartupProfileId,
    /// At which revision.
    pub revision: i64,
    /// In which programme.
    pub programme: ProgrammeId,
    /// Towards firms of which country; none where it isn't known yet.
    pub country: Option<Country>,
}

/// One question to compliance.
#[derive(Debug, Clone)]
pub struct Review {
    /// What the decision would cover.
    pub scope: Scope,
    /// Whose profile.
    pub startup: OrganizationId,
    /// What the firm is called.
    pub startup_name: String,
    /// The gate's rules that are open.
    pub rules: Vec<Rule>,
    /// Tags of the profile that are sensitive.
    pub tags: Vec<(Slug, Sensitivity)>,
    /// Whether an answer to export control asks for a look.
    pub control_answers: bool,
    /// Whether two people have to say so.
    pub two_people: bool,
    /// How many have said so already.
    pub released_by: usize,
    /// Matches that wait on it.
    pub matches: Vec<MatchId>,
    /// Introductions that wait on it.
    pub introductions: Vec<IntroductionId>,
    /// Since when the first of them waits.
    pub since: DateTime<Utc>,
}

impl Review {
    /// The record that has waited longest names the question.
    fn id(&self) -> Uuid {
        let matches = self.matches.first().map(|id| id.uuid());
        matches
            .or(self.introductions.first().map(|id| id.uuid()))
            .unwrap_or_default()
    }
}

/// Which questions; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// In that programme.
    pub programme: Option<ProgrammeId>,
    /// About that profile.
    pub profile: Option<StartupProfileId>,
    /// Towards that country.
    pub country: Option<Country>,
    /// That need two people, or one.
    pub two_people: Option<bool>,
}

impl Filter {
    fn takes(&self, review: &Review) -> bool {
        let scope = &review.scope;
        self.programme.is_none_or(|it| scope.programme == it)
            && self.profile.is_none_or(|it| scope.profile == it)
            && self.country.is_none_or(|it| scope.country == Some(it))
            && self.two_people.is_none_or(|it| review.two_people == it)
    }
}

/// What waits for compliance, the longest waiting first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Review>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let context_in = context.clone();
    read_page(
        context,
        format!("reviews {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let cursor = cursor.map(|cursor| (cursor.created_at, cursor.id));
            let mut found = all(&context_in, conn)?;
            found.retain(|review| {
                let place = (review.since, review.id());
                filter.takes(review) && cursor.is_none_or(|cursor| place > cursor)
            });
            found.truncate(limit.saturating_add(1));
            Ok(found)
        },
        |review| after(review.since, review.id()),
    )
    .await
}

/// Every open question, the longest waiting first.
fn all(context: &Context, conn: &mut Conn) -> Result<Vec<Review>, Error> {
    let mut reviews: BTreeMap<Scope, Review> = BTreeMap::new();
    for found in waiting::matches(conn, MatchStatus::UnderReview, MOST)? {
        let id: MatchId = found.id.into();
        let record = matches::load(conn, id)?;
        let pair = Pair::load(
            conn,
            record.programme,
            record.startup_profile,
            record.mandate,
        )?;
        if let Some(review) = place(context, conn, &mut reviews, &pair, &found)? {
            review.matches.push(id);
        }
    }
    for found in waiting::introductions(conn, IntroductionStatus::Held, MOST)? {
        let id: IntroductionId = found.id.into();
        let record = introductions::load(conn, id)?;
        let pair = introductions::pair(conn, &record)?;
        if let Some(review) = place(context, conn, &mut reviews, &pair, &found)? {
            review.introductions.push(id);
        }
    }
    let mut reviews: Vec<_> = reviews.into_values().collect();
    reviews.sort_by_key(|review| (review.since, review.id()));
    Ok(reviews)
}

/// The question that a pair belongs to, made where it is the first; none for
/// what no decision would change.
fn place<'a>(
    context: &Context,
    conn: &mut Conn,
    reviews: &'a mut BTreeMap<Scope, Review>,
    pair: &Pair,
    found: &Waiting,
) -> Result<Option<&'a mut Review>, Error> {
    let scope = Scope {
        profile: pair.profile.id,
        revision: pair.profile.revision,
        programme: pair.programme.id,
        country: pair.mandate.country,
    };
    let decision = disclosure::ask(context, conn, pair, Occasion::Running)?;
    let (rules, two_people) = match decision {
        Decision::Review { rules, two_people } => (rules, two_people),
        Decision::Deny { rules } => (rules, false),
        // Nothing is open any more; a yes moves it on.
        Decision::Allow => (vec![], false),
    };
    if let std::collections::btree_map::Entry::Vacant(entry) = reviews.entry(scope) {
        entry.insert(question(context, conn, scope, pair, found.since)?);
    }
    if let Some(review) = reviews.get_mut(&scope) {
        review.since = review.since.min(found.since);
        review.two_people |= two_people;
        review.rules.extend(rules);
        review.rules.sort_unstable();
        review.rules.dedup();
        return Ok(Some(review));
    }
    Ok(None)
}

fn question(
    context: &Context,
    conn: &mut Conn,
    scope: Scope,
    pair: &Pair,
    since: DateTime<Utc>,
) -> Result<Review, Error> {
    let content = &pair.profile.content;
    let tags = content.all_tags().filter_map(|tag| {
        let sensitivity = context.taxonomy().sensitivity(tag);
        (sensitivity >= Sensitivity::Review).then(|| (tag.clone(), sensitivity))
    });
    let firm = db::organizations::find(conn, pair.profile.organization)?;
    let released_by = match scope.country {
        Some(country) => db::disclosures::releases(
            conn,
            scope.profile,
            scope.revision,
            scope.programme,
            country,
            context.now().date_naive(),
        )?,
        None => 0,
    };
    Ok(Review {
        scope,
        startup: pair.profile.organization,
        startup_name: firm
            .map(|firm| firm.details.display_name().to_string())
            .unwrap_or_default(),
        rules: vec![],
        tags: tags.collect(),
        control_answers: content
            .controls
            .as_ref()
            .is_some_and(ControlAnswers::needs_review),
        two_people: false,
        released_by,
        matches: vec![],
        introductions: vec![],
        since,
    })
}

/// What compliance says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Let it through, for 12 months at most.
    Release,
    /// Stop it.
    Refuse,
}

/// What became of one record.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// A match, or else an introduction.
    pub record: Record,
    /// Where it stands now; the code of the refusal where it could not move.
    pub outcome: Result<&'static str, String>,
}

/// A record that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// A match.
    Match(MatchId),
    /// An introduction.
    Introduction(IntroductionId),
}

/// Decides everything that waits on these scopes. A scope of which nothing
/// waits, or whose profile has another revision by now, comes to nothing.
pub async fn decide(
    context: &Context,
    caller: &Caller,
    scopes: Vec<Scope>,
    ruling: Ruling,
    reason: &str,
) -> Result<Vec<(Scope, Vec<Outcome>)>, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let context_in = context.clone();
    let open = context.db.read(move |conn| all(&context_in, conn)).await?;
    let mut decided = Vec::with_capacity(scopes.len());
    for scope in scopes {
        let review = open.iter().find(|review| review.scope == scope);
        let mut outcomes = Vec::new();
        for id in review.map_or(&[][..], |review| &review.matches) {
            outcomes.push(decide_match(context, caller, *id, ruling, reason).await?);
        }
        for id in review.map_or(&[][..], |review| &review.introductions) {
            let revision = scope.revision;
            outcomes
                .push(decide_introduction(context, caller, *id, revision, ruling, reason).await?);
        }
        decided.push((scope, outcomes));
    }
    Ok(decided)
}

async fn decide_match(
    context: &Context,
    caller: &Caller,
    id: MatchId,
    ruling: Ruling,
    reason: &str,
) -> Result<Outcome, Error> {
    let wanted = Move {
        action: match ruling {
            Ruling::Release => MatchAction::Allow,
            Ruling::Refuse => MatchAction::Block,
        },
        until: None,
        reason: Some(reason.to_owned()),
        note: None,
    };
    let moved = matches::transition(context, caller, None, id, None, wanted).await;
    Ok(Outcome {
        record: Record::Match(id),
        outcome: settled(moved.map(|moved| moved.status.code()))?,
    })
}

async fn decide_introduction(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
    revision: i64,
    ruling: Ruling,
    reason: &str,
) -> Result<Outcome, Error> {
    let step = match ruling {
        Ruling::Release => Step::Release(reason.to_owned(), revision),
        Ruling::Refuse => Step::Refuse(reason.to_owned()),
    };
    let moved = introductions::transition(context, caller, None, id, None, step).await;
    Ok(Outcome {
        record: Record::Introduction(id),
        outcome: settled(moved.map(|moved| moved.status.code()))?,
    })
}

/// One record that can't move must not keep the others; a store that fails
/// does.
fn settled(moved: Result<&'static str, Error>) -> Result<Result<&'static str, String>, Error> {
    match moved {
        Ok(status) => Ok(Ok(status)),
        Err(Error::Refused(refusal)) => Ok(Err(refusal.code.into_owned())),
        Err(Error::NotFound | Error::StaleVersion) => Ok(Err("changed_meanwhile".to_owned())),
        Err(other) => Err(other),
    }
}
