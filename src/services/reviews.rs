//! Compliance's queue: what the gate leaves open, one entry for everything
//! that one decision covers. A decision is about a startup's profile at a
//! revision, in a programme, towards a country; whatever waits on it moves
//! together, each record by its own machine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::idempotency::Settled;
use crate::db::page::Page;
use crate::db::worklist::{self as waiting, Waiting};
use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::event::SubjectKind;
use crate::domain::ids::{IntroductionId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::permission::Operation;
use crate::domain::profile::ControlAnswers;
use crate::domain::release::{Matter, sensitive, unreleased};
use crate::domain::review::{MatchAction, MatchStatus};
use crate::domain::tag::Sensitivity;
use crate::domain::terms;
use crate::domain::text::Slug;

use super::disclosure::{self, Occasion, Pair};
use super::introductions::{self, Step};
use super::matches::{self, Move};
use super::once::{Intent, settle_once};
use super::paging::{PageRequest, after, read_page};
use super::review_records::{self, Waits};
use super::{Caller, Context, Error};

/// The longest waiting records of each kind that are looked at.
const MOST: i64 = 500;

/// How many records one request moves: they share a transaction, and nobody
/// else's write should wait long for it.
const MOST_AT_ONCE: usize = 200;

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
    pub tags: Vec<SensitiveTag>,
    /// Whether an answer to export control asks for a look.
    pub control_answers: bool,
    /// Whether two people have to say so.
    pub two_people: bool,
    /// How many have said so already of everything that is open.
    pub released_by: usize,
    /// Matches that wait on it.
    pub matches: Vec<MatchId>,
    /// Introductions that wait on it.
    pub introductions: Vec<IntroductionId>,
    /// Those whose requests say something that has to be read.
    pub worded: Vec<Worded>,
    /// Since when the first of them waits.
    pub since: DateTime<Utc>,
}

/// A tag that somebody of compliance looks at.
#[derive(Debug, Clone)]
pub struct SensitiveTag {
    /// Which.
    pub slug: Slug,
    /// How gravely it is graded.
    pub sensitivity: Sensitivity,
    /// Whether what was decided before covers it.
    pub decided: bool,
}

/// An introduction whose request names what is brokered with care: it is let
/// through only by who says that they read it.
#[derive(Debug, Clone)]
pub struct Worded {
    /// Which.
    pub introduction: IntroductionId,
    /// In which version.
    pub version: i64,
    /// The words in question.
    pub words: Vec<String>,
}

impl Review {
    fn note_rules(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.rules.extend(rules);
        self.rules.sort_unstable();
        self.rules.dedup();
    }

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

    /// A record that waits by itself is decided for all countries.
    fn takes_record(&self, waits: &Waits) -> bool {
        self.programme.is_none_or(|it| waits.programme == Some(it))
            && self.profile.is_none_or(|it| waits.profile == Some(it))
            && self.country.is_none()
            && self.two_people.is_none_or(|it| waits.two_people == it)
    }
}

/// One thing that waits for compliance.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A question of the gate, with everything that one decision covers.
    Question(Box<Review>),
    /// A record that waits by itself.
    Record(Box<Waits>),
}

impl Entry {
    fn place(&self) -> (DateTime<Utc>, Uuid) {
        match self {
            Self::Question(review) => (review.since, review.id()),
            Self::Record(waits) => (waits.since, waits.id),
        }
    }
}

/// What waits for compliance, the longest waiting first: the questions of the
/// gate, and the records that somebody has to look at by themselves.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Entry>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("reviews {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let cursor = cursor.map(|cursor| (cursor.created_at, cursor.id));
            let questions = all(&context_in, conn)?.into_iter();
            let questions = questions.filter(|review| filter.takes(review));
            let mut found: Vec<_> = questions.map(|it| Entry::Question(Box::new(it))).collect();
            // What is asked for one country has no such records.
            let records = match filter.country {
                Some(_) => Vec::new(),
                None => review_records::all(&context_in, conn, MOST)?,
            };
            let records = records.into_iter();
            // Of a firm of their own nobody decides.
            let records = records.filter(|it| {
                caller_in.may(Operation::ReadCompliance, &it.firms).is_ok()
                    && filter.takes_record(it)
            });
            found.extend(records.map(|it| Entry::Record(Box::new(it))));
            found.retain(|entry| cursor.is_none_or(|cursor| entry.place() > cursor));
            found.sort_by_key(Entry::place);
            found.truncate(limit.saturating_add(1));
            Ok(found)
        },
        |entry| {
            let (since, id) = entry.place();
            after(since, id)
        },
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
            let hits = terms::marked(&record.blurb, &context.taxonomy());
            if !hits.is_empty() {
                review.note_rules([Rule::Terms]);
                review.worded.push(Worded {
                    introduction: id,
                    version: record.version,
                    words: hits.into_iter().map(|hit| hit.words).collect(),
                });
            }
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
        review.note_rules(rules);
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
    let releases = disclosure::releases(context, conn, pair)?;
    let all = sensitive(content, &context.taxonomy());
    let open = unreleased(all.clone(), &releases);
    let tags = all.into_iter().filter_map(|it| {
        let decided = !open.contains(&it);
        match it.matter {
            Matter::Tag(slug) => Some(SensitiveTag {
                slug,
                sensitivity: it.sensitivity,
                decided,
            }),
            _ => None,
        }
    });
    let firm = db::organizations::find(conn, pair.profile.organization)?;
    let people = open.iter().map(|it| it.people(&releases));
    let released_by = people.min().unwrap_or_default();
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
        worded: vec![],
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
    pub outcome: Result<String, String>,
}

/// A record that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// A match.
    Match(MatchId),
    /// An introduction.
    Introduction(IntroductionId),
}

/// Decides everything that waits on these scopes, in one transaction. A scope
/// of which nothing waits, or whose profile has another revision by now, comes
/// to nothing; what is beyond the bound is left waiting and says so. A request
/// with words that have to be read is let through only where `read` names it in
/// the version that was read.
pub async fn decide(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    scopes: Vec<Scope>,
    (ruling, reason): (Ruling, &str),
    read: BTreeMap<IntroductionId, i64>,
) -> Result<Vec<(Scope, Vec<Outcome>)>, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let said = Said {
        context: context.clone(),
        caller: caller.clone(),
        ruling,
        reason: reason.to_owned(),
        read,
    };
    // Each record's own machine looks again whether it still waits.
    let context_in = context.clone();
    let open = context.db.read(move |conn| all(&context_in, conn)).await?;
    let waiting = waiting_on(&open, &scopes);
    let job = move |conn: &mut Conn| said.settle(conn, &waiting);
    let settled = settle_once(context, caller.id(), intent, job).await?;
    let mut decided: Vec<_> = scopes.into_iter().map(|scope| (scope, vec![])).collect();
    for one in settled {
        let record = match one.kind {
            SubjectKind::Match => Record::Match(one.id.into()),
            _ => Record::Introduction(one.id.into()),
        };
        if let Some((_, outcomes)) = decided.get_mut(one.place) {
            outcomes.push(Outcome {
                record,
                outcome: one.outcome,
            });
        }
    }
    Ok(decided)
}

/// The records that wait on these scopes, each with the place of its scope and
/// the revision that is decided.
fn waiting_on(open: &[Review], scopes: &[Scope]) -> Vec<(usize, Record, i64)> {
    let mut waiting = Vec::new();
    for (place, scope) in scopes.iter().enumerate() {
        for review in open.iter().filter(|review| review.scope == *scope) {
            let matches = review.matches.iter().copied().map(Record::Match);
            let introductions = review.introductions.iter().copied();
            let records = matches.chain(introductions.map(Record::Introduction));
            waiting.extend(records.map(|record| (place, record, scope.revision)));
        }
    }
    waiting
}

/// What is said, and by whom.
struct Said {
    context: Context,
    caller: Caller,
    ruling: Ruling,
    reason: String,
    read: BTreeMap<IntroductionId, i64>,
}

impl Said {
    fn settle(
        &self,
        conn: &mut Conn,
        waiting: &[(usize, Record, i64)],
    ) -> Result<Vec<Settled>, Error> {
        let mut settled = Vec::with_capacity(waiting.len());
        for (place, record, revision) in waiting {
            let outcome = if settled.len() < MOST_AT_ONCE {
                self.move_one(conn, *record, *revision)?
            } else {
                Err("too_many_at_once".to_owned())
            };
            let (kind, id) = match record {
                Record::Match(id) => (SubjectKind::Match, id.uuid()),
                Record::Introduction(id) => (SubjectKind::Introduction, id.uuid()),
            };
            settled.push(Settled {
                place: *place,
                kind,
                id,
                outcome,
            });
        }
        Ok(settled)
    }

    /// In a savepoint: one record that can't move must not keep the others; a
    /// store that fails does.
    fn move_one(
        &self,
        conn: &mut Conn,
        record: Record,
        revision: i64,
    ) -> Result<Result<String, String>, Error> {
        let moved = db::transaction(conn, |conn| match record {
            Record::Match(id) => {
                let (context, caller) = (&self.context, &self.caller);
                let moved = matches::apply(context, caller, conn, id, None, self.of_match())?;
                Ok(moved.status.code())
            }
            Record::Introduction(id) => {
                let (context, caller) = (&self.context, &self.caller);
                let version = self.version_read(conn, id)?;
                let step = self.of_introduction(revision);
                let moved = introductions::apply(context, caller, conn, id, version, step)?;
                Ok(moved.status.code())
            }
        });
        match moved {
            Ok(status) => Ok(Ok(status.to_owned())),
            Err(Error::Refused(refusal)) => Ok(Err(refusal.code.into_owned())),
            Err(Error::NotFound | Error::StaleVersion) => Ok(Err("changed_meanwhile".to_owned())),
            Err(other) => Err(other),
        }
    }

    /// In which version an introduction was read; none where nothing in it has
    /// to be.
    fn version_read(&self, conn: &mut Conn, id: IntroductionId) -> Result<Option<i64>, Error> {
        if let Some(version) = self.read.get(&id) {
            return Ok(Some(*version));
        }
        let record = introductions::load(conn, id)?;
        let hits = terms::marked(&record.blurb, &self.context.taxonomy());
        if self.ruling == Ruling::Release && !hits.is_empty() {
            return Err(Error::refused(
                "words_unread",
                "Its request says something that has to be read; name it as read.",
            ));
        }
        Ok(None)
    }

    fn of_match(&self) -> Move {
        Move {
            action: match self.ruling {
                Ruling::Release => MatchAction::Allow,
                Ruling::Refuse => MatchAction::Block,
            },
            until: None,
            reason: Some(self.reason.clone()),
            note: None,
        }
    }

    fn of_introduction(&self, revision: i64) -> Step {
        match self.ruling {
            Ruling::Release => Step::Release(self.reason.clone(), revision),
            Ruling::Refuse => Step::Refuse(self.reason.clone()),
        }
    }
}
