//! What a mandate's reader should look at this week, for mail and for the API:
//! of each match that was released to it and that it has not answered a
//! teaser, three reasons, one risk and what is missing, in the reader's
//! language. It says no more than the list of matches does. What the investor
//! put off counts again from the day on which it comes back.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::matches::Filter;
use crate::db::{self, Conn};
use crate::domain::account::User;
use crate::domain::ids::{MandateId, MatchId, ProgrammeId};
use crate::domain::mandate::Mandate;
use crate::domain::permission::Operation;
use crate::domain::review::{Match, MatchStatus, Response};
use crate::domain::scoring::{Band, Explanation, Factor, FactorTrace};
use crate::domain::text::Language;
use crate::domain::values::Side;

use super::matches::shown_now;
use super::organizations::names_that_tell;
use super::teasers::{
    Teaser, notes_told, past_in_bands, score_told, startup_teaser, tells_figures,
};
use super::{Caller, Context, Error, mandates};

/// Days that one digest covers.
pub const DAYS: i64 = 7;
/// Most reasons, and most that is named as missing.
const REASONS: usize = 3;
/// Matches looked through for those of one week.
const MOST: usize = 1_000;
/// How long something that was never told is looked for: a match that waits
/// ends sooner, even where it was put off.
pub(super) const BACKLOG: TimeDelta = TimeDelta::days(150);

/// What a mandate's reader should look at.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Of which mandate.
    pub mandate: Mandate,
    /// What was shown since then.
    pub since: DateTime<Utc>,
    /// The matches, the strongest first; no more than the mandate takes a week.
    pub entries: Vec<Entry>,
    /// How many more there are.
    pub more: usize,
}

/// One match.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Which.
    pub id: MatchId,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// When it was released to the investor.
    pub shown_at: DateTime<Utc>,
    /// The score, in bp.
    pub score: i64,
    /// How much of it is known, in bp.
    pub confidence: i64,
    /// The word for the score.
    pub band: Band,
    /// The word in the reader's language.
    pub band_label: String,
    /// What may be known of the startup: no name.
    pub teaser: Teaser,
    /// What speaks for it, at most three.
    pub reasons: Vec<Note>,
    /// What speaks against it.
    pub risk: Option<Note>,
    /// What is not known, at most three.
    pub missing: Vec<Note>,
}

/// A factor that stands out, in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which factor.
    pub factor: Factor,
    /// Its name.
    pub label: String,
    /// What it says; none where it would tell the startup's figures.
    pub sentence: Option<String>,
}

/// The digest of a mandate, for its investor's people and the operator's.
///
/// # Errors
/// The caller may not know of the mandate; a statement failed.
pub async fn of_mandate(
    context: &Context,
    caller: &Caller,
    id: MandateId,
) -> Result<Digest, Error> {
    mandates::find(context, caller, id).await?;
    let owner = context
        .db
        .look_up(move |conn| db::mandates::find(conn, id))
        .await?
        .ok_or(Error::NotFound)?
        .organization;
    caller.may(Operation::ReadMatch, &[owner])?;
    let language = caller.user.language.clone();
    let context_in = context.clone();
    context
        .db
        .read(move |conn| for_reader(&context_in, conn, id, &language))
        .await
}

/// The digest of the last days of a mandate in a reader's language, for whoever
/// was found to be allowed to read it.
///
/// # Errors
/// There is no such mandate; a statement failed.
pub fn for_reader(
    context: &Context,
    conn: &mut Conn,
    id: MandateId,
    reader: &Language,
) -> Result<Digest, Error> {
    let until = context.now();
    let since = until - TimeDelta::days(DAYS);
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let mut found = open_matches(context, conn, &mandate, since)?;
    found.retain(|matched| came_at(matched) <= until);
    let (entries, more) = strongest(context, conn, &mandate, found, reader)?;
    Ok(Digest {
        mandate,
        since,
        entries,
        more,
    })
}

/// What a reader is mailed for a week: what came in it, and what came before
/// and was in no digest of theirs for want of room.
///
/// # Errors
/// There is no such mandate; a statement failed.
pub(super) fn of_week(
    context: &Context,
    conn: &mut Conn,
    id: MandateId,
    reader: &User,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Digest, Error> {
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let earliest = untold_since(conn, until)?.min(since);
    let told_before = db::digests::told(conn, reader.id)?;
    let mut found = open_matches(context, conn, &mandate, earliest)?;
    found.retain(|matched| {
        let came = came_at(matched);
        let is_told = told_before.get(&matched.id).is_some_and(|at| *at >= came);
        came > earliest && came <= until && !is_told
    });
    let (entries, more) = strongest(context, conn, &mandate, found, &reader.language)?;
    Ok(Digest {
        mandate,
        since,
        entries,
        more,
    })
}

/// From when on whatever came and is on no record was never told.
pub(super) fn untold_since(conn: &mut Conn, until: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let oldest = until - BACKLOG;
    let unrecorded = db::digests::unrecorded_to(conn)?;
    Ok(unrecorded.map_or(oldest, |to| to.max(oldest)))
}

/// The strongest of what was found, as many as the mandate takes a week, and how
/// many more there are.
fn strongest(
    context: &Context,
    conn: &mut Conn,
    mandate: &Mandate,
    mut found: Vec<Match>,
    reader: &Language,
) -> Result<(Vec<Entry>, usize), Error> {
    let capacity = usize::try_from(mandate.content.capacity.new_per_week).unwrap_or(usize::MAX);
    found.sort_by_key(|matched| {
        let pinned = matched.curation.is_some();
        (!pinned, -matched.explanation.exact, matched.id)
    });
    let more = found.len().saturating_sub(capacity);
    let mut entries = Vec::new();
    for matched in found.into_iter().take(capacity) {
        entries.push(entry(context, conn, &matched, reader)?);
    }
    Ok((entries, more))
}

/// What was shown to the investor since then, that it sees now, and that waits
/// for its answer.
fn open_matches(
    context: &Context,
    conn: &mut Conn,
    mandate: &Mandate,
    since: DateTime<Utc>,
) -> Result<Vec<Match>, Error> {
    let filter = Filter {
        mandate: Some(mandate.id),
        visible_to: Some(mandate.organization),
        shown_since: Some(since),
        ..Filter::default()
    };
    let mut open = Vec::new();
    for matched in db::matches::list(conn, &filter, None, MOST)? {
        let waits = matches!(
            matched.status,
            MatchStatus::Released | MatchStatus::OneSided | MatchStatus::Snoozed
        ) && matched.response_of(Side::Investor) == Response::None;
        if waits && shown_now(context, conn, &matched)? {
            open.push(matched);
        }
    }
    Ok(open)
}

/// When it came to the investor: was shown, or came back after it was put off.
fn came_at(matched: &Match) -> DateTime<Utc> {
    let shown = matched.shown_at.of(Side::Investor);
    let back = matched.snoozed.of(Side::Investor);
    shown.max(back).unwrap_or(matched.updated_at)
}

/// A match as an entry, in a reader's language.
pub(super) fn entry(
    context: &Context,
    conn: &mut Conn,
    matched: &Match,
    reader: &Language,
) -> Result<Entry, Error> {
    let profile = db::startup_profiles::find(conn, matched.startup_profile)?;
    let profile = profile.ok_or(Error::NotFound)?;
    let names = names_that_tell(conn, profile.organization)?;
    let account = &matched.explanation;
    let note = |factor: &Factor| note(context, account, *factor, reader);
    let [strengths, risks] =
        [&account.strengths, &account.risks].map(|factors| notes_told(account, factors));
    // Those with a sentence first: a bare name tells little.
    let mut strengths: Vec<Note> = strengths.iter().map(note).collect();
    strengths.sort_by_key(|note| note.sentence.is_none());
    strengths.truncate(REASONS);
    let mut risks: Vec<Note> = risks.iter().map(note).collect();
    risks.sort_by_key(|note| note.sentence.is_none());
    Ok(Entry {
        id: matched.id,
        programme: matched.programme,
        shown_at: matched.shown_at.investor.unwrap_or(matched.updated_at),
        score: score_told(account),
        confidence: account.confidence,
        band: account.band,
        band_label: context.wording.band(account.band, reader).to_owned(),
        teaser: startup_teaser(&profile, &names),
        reasons: strengths,
        risk: risks.into_iter().next(),
        missing: account.missing.iter().take(REASONS).map(note).collect(),
    })
}

fn note(context: &Context, account: &Explanation, factor: Factor, reader: &Language) -> Note {
    let mut traces = account.factors.iter();
    let trace = traces.find(|trace| trace.factor == factor);
    let sentence = trace.and_then(|trace| sentence(context, account, trace, reader));
    Note {
        factor,
        label: context.wording.factor(factor, reader).to_owned(),
        sentence,
    }
}

/// What of a factor the other side may read.
fn sentence(
    context: &Context,
    account: &Explanation,
    trace: &FactorTrace,
    reader: &Language,
) -> Option<String> {
    let say = |reason| {
        let wording = &context.wording;
        wording.sentence(reason, reader, &context.taxonomy())
    };
    if !tells_figures(trace.factor) {
        Some(say(&trace.reason))
    } else if trace.factor == Factor::RevealedPreference {
        past_in_bands(account).as_ref().map(say)
    } else {
        None
    }
}
