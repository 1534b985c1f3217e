//! Compliance's queue: what the gate leaves open, one entry for everything
//! that one decision covers. A decision is about a startup's profile at a
//! revision, in a programme, towards a country; whatever waits on it moves
//! together, each record by its own machine.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::idempotency::Settled;
use crate::db::page::{Cursor, Page};
use crate::db::reviews::{Waits as Row, Which};
use crate::db::{self, Conn};
use crate::domain::compliance::WaitingKind;
use crate::domain::country::Country;
use crate::domain::disclosure::Rule;
use crate::domain::event::SubjectKind;
use crate::domain::ids::{IntroductionId, MatchId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::release::Leave;
use crate::domain::review::MatchAction;
use crate::domain::tag::Sensitivity;
use crate::domain::terms;
use crate::domain::text::Slug;

use super::introductions::{self, Step};
use super::known::each;
use super::matches::{self, Move};
use super::once::{Intent, settle_once};
use super::paging::{PageRequest, after, read_some};
use super::review_questions::{members, questions, scope_of};
use super::review_records::{self, Waits};
use super::{Caller, Context, Error};

/// Rows that are looked at together, at most.
const AT_ONCE: usize = 100;
/// And at least: some of them may need no decision.
const LEAST_AT_ONCE: usize = 20;
/// How often one request looks for more: where few of those that wait are asked
/// for, it would walk all of them. What is left is at the page's cursor.
const ROUNDS: usize = 20;

/// Of what waits on a question, so many matches and as many introductions are
/// named.
pub const SHOWN_OF_EACH: usize = 100;

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
    /// How many records wait on it.
    pub waiting: usize,
    /// Matches that wait on it: [`SHOWN_OF_EACH`] at most, the longest waiting.
    pub matches: Vec<MatchId>,
    /// Introductions that wait on it, likewise.
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
    pub(super) fn note_rules(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.rules.extend(rules);
        self.rules.sort_unstable();
        self.rules.dedup();
    }
}

/// Which of what waits; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of that kind.
    pub kind: Option<WaitingKind>,
    /// In that programme.
    pub programme: Option<ProgrammeId>,
    /// About that profile.
    pub profile: Option<StartupProfileId>,
    /// Towards that country.
    pub country: Option<Country>,
    /// About a profile with that tag, or one below it.
    pub tag: Option<Slug>,
    /// That began to wait at that time or later.
    pub since: Option<DateTime<Utc>>,
    /// That need two people, or one.
    pub two_people: Option<bool>,
}

impl Filter {
    const fn which(&self) -> Which {
        Which {
            kind: self.kind,
            programme: self.programme,
            profile: self.profile,
            country: self.country,
            since: self.since,
        }
    }

    fn takes(&self, entry: &Entry) -> bool {
        let two_people = match entry {
            Entry::Question(review) => review.two_people,
            Entry::Record(waits) => waits.two_people,
        };
        self.two_people.is_none_or(|it| two_people == it)
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
    /// Whose it is.
    fn firms(&self) -> &[OrganizationId] {
        match self {
            Self::Question(review) => std::slice::from_ref(&review.startup),
            Self::Record(waits) => &waits.firms,
        }
    }
}

/// An entry, and where it stands in the queue.
struct Placed {
    entry: Entry,
    since: DateTime<Utc>,
    id: Uuid,
}

/// What waits for compliance, the longest waiting first: the questions of the
/// gate, and the records that somebody has to look at by themselves. A page may
/// be shorter than asked for, and empty, while more is at its cursor.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Entry>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let name = format!("reviews {filter:?}");
    let (context_in, caller) = (context.clone(), caller.clone());
    let page = read_some(
        context,
        name,
        page,
        move |conn, cursor, limit| fill(&context_in, conn, &caller, &filter, cursor, limit),
        |placed| after(placed.since, placed.id),
    )
    .await?;
    Ok(page.map(|placed| placed.entry))
}

/// How many entries the queue has, up to a limit and one more, and whether some
/// of what waits wasn't looked at.
pub(super) async fn count(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    limit: usize,
) -> Result<(usize, bool), Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let count = move |conn: &mut Conn| {
        let (found, rest) = fill(&context_in, conn, &caller, &filter, None, limit)?;
        Ok::<_, Error>((found.len(), rest.is_some()))
    };
    context.db.read(count).await
}

/// A page and one more, if there is one: what needs no decision by its content
/// is passed over, and so is what is about a firm of the caller's own. Where that
/// took too many rounds, what was found and the last row that was looked at.
fn fill(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    mut cursor: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Placed>, Option<Cursor>), Error> {
    let mut page = Vec::new();
    for round in 0..ROUNDS {
        // Where the first round wasn't enough, few are asked for of many.
        let some = if round == 0 {
            limit.saturating_add(1).clamp(LEAST_AT_ONCE, AT_ONCE)
        } else {
            AT_ONCE
        };
        let mut rows = db::reviews::list(conn, &filter.which(), cursor, some)?;
        let more = rows.len() > some;
        rows.truncate(some);
        cursor = rows.last().map(|row| after(row.since, row.id));
        if let Some(tag) = &filter.tag {
            with_tag(context, conn, tag, &mut rows)?;
        }
        let mut questions = questions(context, conn, &rows)?;
        let mut records = review_records::of_rows(context, conn, &rows)?;
        for row in rows {
            let entry = match row.kind {
                WaitingKind::Question => questions.remove(&row.id).map(Entry::Question),
                _ => records
                    .remove(&row.id)
                    .map(|waits| Entry::Record(Box::new(waits))),
            };
            // Of a firm of their own nobody decides.
            let may_read = |it: &Entry| caller.may(Operation::ReadCompliance, it.firms()).is_ok();
            let entry = entry.filter(|it| filter.takes(it) && may_read(it));
            if let Some(entry) = entry {
                page.push(Placed {
                    entry,
                    since: row.since,
                    id: row.id,
                });
                if page.len() > limit {
                    return Ok((page, None));
                }
            }
        }
        if !more {
            return Ok((page, None));
        }
    }
    Ok((page, cursor))
}

/// Keeps the rows about a profile that has a tag, or one below it.
fn with_tag(
    context: &Context,
    conn: &mut Conn,
    tag: &Slug,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    let profiles = each(rows.iter().filter_map(|row| row.about.profile));
    let mut tagged: BTreeSet<StartupProfileId> = BTreeSet::new();
    for profile in db::startup_profiles::find_many(conn, &profiles)? {
        if profile
            .content
            .all_tags()
            .any(|it| taxonomy.is_within(it, tag))
        {
            tagged.insert(profile.id);
        }
    }
    rows.retain(|row| row.about.profile.is_some_and(|it| tagged.contains(&it)));
    Ok(())
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
    (ruling, leave): (Ruling, Leave),
    read: BTreeMap<IntroductionId, i64>,
) -> Result<Vec<(Scope, Vec<Outcome>)>, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    let said = Said {
        context: context.clone(),
        caller: caller.clone(),
        ruling,
        leave,
        read,
    };
    // Each record's own machine looks again whether it still waits.
    let of_scopes = scopes.clone();
    let waiting = move |conn: &mut Conn| waiting_on(conn, &of_scopes);
    let waiting = context.db.read(waiting).await?;
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
fn waiting_on(conn: &mut Conn, scopes: &[Scope]) -> Result<Vec<(usize, Record, i64)>, Error> {
    let profiles = each(scopes.iter().map(|scope| scope.profile));
    // One more than are moved, so that it is told when some are left.
    let open = members(conn, &profiles, MOST_AT_ONCE.saturating_add(1))?;
    let mut waiting = Vec::new();
    for (place, scope) in scopes.iter().enumerate() {
        let on_it = open
            .iter()
            .filter(|member| scope_of(&member.pair) == *scope);
        let on_it: Vec<Record> = on_it.map(|member| member.record.record()).collect();
        let is_match = |record: &&Record| matches!(record, Record::Match(_));
        let (matches, introductions): (Vec<&Record>, Vec<&Record>) =
            on_it.iter().partition(is_match);
        let records = matches.into_iter().chain(introductions);
        waiting.extend(records.map(|record| (place, *record, scope.revision)));
    }
    Ok(waiting)
}

/// What is said, and by whom.
struct Said {
    context: Context,
    caller: Caller,
    ruling: Ruling,
    leave: Leave,
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
            reason: Some(self.leave.reason.clone()),
            note: None,
            holds_until: self.leave.until,
        }
    }

    fn of_introduction(&self, revision: i64) -> Step {
        match self.ruling {
            Ruling::Release => Step::Release(self.leave.clone(), revision),
            Ruling::Refuse => Step::Refuse(self.leave.reason.clone()),
        }
    }
}
