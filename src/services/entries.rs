//! One match of a digest, behind a link that needs no sign-in: what it says, an
//! answer to it, and a brief of it for a committee. The link stands for one
//! person, and only as long as they answer for the investor.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::db::{self, Conn};
use crate::domain::account::Membership;
use crate::domain::disclosure::{Level, Opener};
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::{MatchId, UserId};
use crate::domain::review::{Match, MatchStatus, Response};
use crate::domain::text::{Language, Localized, Name};
use crate::domain::values::Side;

use super::digest::{self, Entry};
use super::disclosure::{Occasion, Showing};
use super::matches::{self, Move, shown_now};
use super::notices::{Recipient, answers_for};
use super::teasers::Teaser;
use super::{Caller, Context, Error, introductions, programmes};

/// What a link is bound to.
const NAME: &str = "digest_entry";
/// Days for which a link holds: a match ends sooner.
const DAYS: i64 = 60;

/// What a link opens.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It waits for an answer.
    Open(Box<Page>),
    /// The firm has answered, or an introduction was asked for.
    Answered(Recipient),
    /// It is not open now, whatever the reason.
    Over(Recipient),
    /// The link is too old.
    Expired(Recipient),
}

/// A match as its page shows it.
#[derive(Debug, Clone)]
pub struct Page {
    /// To whom.
    pub person: Recipient,
    /// What the investor calls the mandate.
    pub mandate: Option<Name>,
    /// Title of the programme.
    pub programme: String,
    /// What may be known of it.
    pub entry: Entry,
    /// What the startup is, in the reader's words.
    pub facts: Facts,
    /// Whether it was put off before, which is done once.
    pub put_off_before: bool,
}

/// What opens as a brief.
#[derive(Debug, Clone)]
pub enum OpenedBrief {
    /// The brief.
    Brief(Box<Brief>),
    /// There is none to see now.
    Over(Recipient),
}

/// A match on one page, for a committee.
#[derive(Debug, Clone)]
pub struct Brief {
    /// What its page shows.
    pub page: Page,
    /// The day, where the reader is.
    pub day: NaiveDate,
    /// Who the startup is, as far as it let the investor know.
    pub named: Option<Named>,
}

/// What a startup let an investor know with its name.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// What it does, in its own words.
    pub summary: Localized,
}

/// What a startup is, in its reader's words; no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// One sentence, in the startup's own words, and their language.
    pub one_liner: Option<(Language, String)>,
    /// Where it is.
    pub country: Option<String>,
    /// Which round it is in.
    pub stage: Option<String>,
    /// What it is.
    pub tags: Vec<String>,
}

/// What stands in the link of a match to a person: sealed, for it names both.
pub(super) fn token(context: &Context, matched: MatchId, user: UserId) -> Result<String, Error> {
    let expires_at = context.now() + TimeDelta::days(DAYS);
    let plain = format!("{matched}\n{user}\n{}", expires_at.timestamp());
    context
        .sealer
        .seal_text(NAME, plain.as_bytes())
        .map_err(Error::internal)
}

fn read_token(context: &Context, token: &str) -> Option<(MatchId, UserId, DateTime<Utc>)> {
    let plain = context.sealer.open_text(NAME, token).ok()?;
    let text = std::str::from_utf8(&plain).ok()?;
    let (matched, rest) = text.split_once('\n')?;
    let (user, expires_at) = rest.split_once('\n')?;
    Some((
        matched.parse().ok()?,
        user.parse().ok()?,
        DateTime::from_timestamp(expires_at.parse().ok()?, 0)?,
    ))
}

/// What a startup is, in a reader's words.
pub(super) fn facts(context: &Context, teaser: &Teaser, reader: &Language) -> Facts {
    let word = |group, code: &str| {
        let word = context.wording.word(group, code, reader);
        word.unwrap_or(code).to_owned()
    };
    let taxonomy = context.taxonomy();
    let label = |slug| {
        let tag = taxonomy.tag(slug);
        tag.map(|tag| tag.labels.for_reader(reader).to_owned())
    };
    match teaser {
        Teaser::Startup {
            one_liner,
            country,
            stage,
            tags,
        } => Facts {
            one_liner: one_liner
                .for_reader(reader)
                .map(|(language, local)| (language.clone(), local.text.clone())),
            country: country.map(|country| word("country", country.code())),
            stage: stage.map(|stage| word("stage", stage.code())),
            tags: tags.iter().filter_map(label).collect(),
        },
        Teaser::Investor { country, tags, .. } => Facts {
            one_liner: None,
            country: country.map(|country| word("country", country.code())),
            stage: None,
            tags: tags.iter().filter_map(label).collect(),
        },
    }
}

/// Who opens a link, and what it names.
struct Found {
    caller: Caller,
    matched: Match,
    late: bool,
}

impl Found {
    fn person(&self) -> Recipient {
        Recipient::from(self.caller.user.clone())
    }
}

/// Reads a link. Whoever no longer answers for the investor finds nothing.
fn find(context: &Context, conn: &mut Conn, token: &str) -> Result<Found, Error> {
    let (matched, user, expires_at) = read_token(context, token).ok_or(Error::NotFound)?;
    let matched = matches::load(conn, matched)?;
    let user = db::users::find(conn, user)?.ok_or(Error::NotFound)?;
    // They stand for the investor here, whatever else they are.
    let stands =
        |part: &Membership| part.organization == matched.investor && answers_for(part.role);
    let mut parts = db::users::memberships(conn, user.id)?;
    parts.retain(stands);
    if parts.is_empty() || db::users::disabled_at(conn, user.id)?.is_some() {
        return Err(Error::NotFound);
    }
    Ok(Found {
        caller: Caller::new(user, parts),
        matched,
        late: expires_at <= context.now(),
    })
}

/// What a link opens. Reading changes nothing: mail scanners follow links.
///
/// # Errors
/// No link of this service, or its person no longer answers for the investor.
pub async fn open(context: &Context, token: &str) -> Result<Opened, Error> {
    let (context_in, token) = (context.clone(), token.to_owned());
    context
        .db
        .read(move |conn| {
            let found = find(&context_in, conn, &token)?;
            opened(&context_in, conn, &found)
        })
        .await
}

fn opened(context: &Context, conn: &mut Conn, found: &Found) -> Result<Opened, Error> {
    let person = found.person();
    if found.late {
        return Ok(Opened::Expired(person));
    }
    let matched = &found.matched;
    if !matched.visible_to(Side::Investor) {
        return Ok(Opened::Over(person));
    }
    let gone_on = matches!(matched.status, MatchStatus::Introduced);
    if gone_on || matched.response_of(Side::Investor) != Response::None {
        return Ok(Opened::Answered(person));
    }
    let waits = matches!(
        matched.status,
        MatchStatus::Released | MatchStatus::OneSided | MatchStatus::Snoozed
    );
    if !waits || !shown_now(context, conn, matched)? {
        return Ok(Opened::Over(person));
    }
    Ok(Opened::Open(Box::new(page(context, conn, found)?)))
}

fn page(context: &Context, conn: &mut Conn, found: &Found) -> Result<Page, Error> {
    let matched = &found.matched;
    let reader = &found.caller.user.language;
    let entry = digest::entry(context, conn, matched, reader)?;
    let mandate = db::mandates::find(conn, matched.mandate)?.ok_or(Error::NotFound)?;
    let programme = programmes::load(conn, matched.programme)?;
    Ok(Page {
        person: found.person(),
        mandate: mandate.content.title,
        programme: programme.details.title.to_string(),
        facts: facts(context, &entry.teaser, reader),
        entry,
        put_off_before: matched.snoozed.of(Side::Investor).is_some(),
    })
}

/// Answers a match by its link, as somebody of the investor does over the API.
///
/// # Errors
/// As [`open`]; a refusal where it can't be answered so now.
pub async fn answer(context: &Context, token: &str, answer: Move) -> Result<(), Error> {
    let (context_in, token) = (context.clone(), token.to_owned());
    let found = context
        .db
        .read(move |conn| find(&context_in, conn, &token))
        .await?;
    if found.late {
        return Err(Error::refused(
            "link_expired",
            "This link is too old; the match can still be answered after signing in.",
        ));
    }
    let Found {
        caller, matched, ..
    } = found;
    matches::transition(context, &caller, None, matched.id, None, answer)
        .await
        .map(drop)
}

/// The brief behind a link: what its page shows, and the startup's name as far
/// as that was granted to the investor. A name is noted in the ledger, once a
/// day.
///
/// # Errors
/// As [`open`].
pub async fn brief(context: &Context, token: &str) -> Result<OpenedBrief, Error> {
    let (context_in, token_in) = (context.clone(), token.to_owned());
    let read = context
        .db
        .read(move |conn| {
            let found = find(&context_in, conn, &token_in)?;
            Ok::<_, Error>((brief_of(&context_in, conn, &found)?, found))
        })
        .await?;
    let (brief, found) = read;
    if let OpenedBrief::Brief(brief) = &brief
        && brief.named.is_some()
    {
        let context_in = context.clone();
        context
            .db
            .write(move |conn| note_opening(&context_in, conn, &found))
            .await?;
    }
    Ok(brief)
}

fn brief_of(context: &Context, conn: &mut Conn, found: &Found) -> Result<OpenedBrief, Error> {
    let matched = &found.matched;
    let over = matches!(
        matched.status,
        MatchStatus::Passed | MatchStatus::Expired | MatchStatus::Superseded | MatchStatus::Blocked
    );
    let hidden = found.late || over || !matched.visible_to(Side::Investor);
    if hidden || !shown_now(context, conn, matched)? {
        return Ok(OpenedBrief::Over(found.person()));
    }
    let zone = found.caller.user.zone;
    Ok(OpenedBrief::Brief(Box::new(Brief {
        page: page(context, conn, found)?,
        day: context.now().with_timezone(&zone).date_naive(),
        named: named(context, conn, found)?,
    })))
}

/// Who the startup is, where an introduction of this match told the investor.
fn named(context: &Context, conn: &mut Conn, found: &Found) -> Result<Option<Named>, Error> {
    for introduction in db::introductions::of_match(conn, found.matched.id)? {
        let seen = match introductions::see(context, conn, &found.caller, introduction) {
            Ok(seen) => seen,
            Err(Error::NotFound) => continue,
            Err(other) => return Err(other),
        };
        if let Some(name) = seen.startup_name {
            let profile = db::startup_profiles::find(conn, found.matched.startup_profile)?;
            let summary = profile.ok_or(Error::NotFound)?.content.summary;
            return Ok(Some(Named { name, summary }));
        }
    }
    Ok(None)
}

fn note_opening(context: &Context, conn: &mut Conn, found: &Found) -> Result<(), Error> {
    let matched = &found.matched;
    let profile = db::startup_profiles::find(conn, matched.startup_profile)?;
    let revision = profile.ok_or(Error::NotFound)?.revision;
    // Two at once would each not see the other's line.
    db::organizations::lock(conn, matched.investor)?;
    let subject = Subject::new(SubjectKind::Match, matched.id);
    let occasion = match matched.status {
        MatchStatus::Introduced => Occasion::Connected,
        _ => Occasion::Shown,
    };
    let by = super::disclosure::answer_about(context, conn, subject, occasion)?;
    let showing = Showing {
        programme: matched.programme,
        shown: matched.startup,
        to: matched.investor,
        level: Level::Named,
        subject,
        opened: Some((Opener::Link, revision)),
    };
    let pen = context.pen(Actor::Link(matched.id.uuid().into()));
    super::disclosure::record_opening(context, conn, &pen, showing, &by)
}
