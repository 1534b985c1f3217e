//! A deal that stands too long, behind a link that needs no sign-in: where it
//! stands, and a word about what became of it. The link stands for one person,
//! and only as long as they answer for a side of the deal.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::{self, Conn};
use crate::domain::account::Membership;
use crate::domain::disclosure::Opener;
use crate::domain::event::Actor;
use crate::domain::ids::{DealId, UserId};
use crate::domain::pipeline::{Deal, DealAction};
use crate::domain::values::{Side, codes};

use super::disclosure::opening;
use super::notices::{Recipient, answers_for};
use super::{Caller, Context, Error, apart, deals, programmes};

/// What a link is bound to.
const NAME: &str = "deal_entry";
/// Days for which a link holds; who is asked again gets another.
const DAYS: i64 = 60;
/// Days for which a deal is put off by its page.
const LATER_DAYS: i64 = 30;
/// The reason that is kept where the page asks for none.
const BY_LINK: &str = "By the link of the mail that asked.";

codes! {
    /// What a side says of a deal that stands.
    DealWord {
        /// It has come a stage further.
        Further = "further",
        /// It goes on later.
        Later = "later",
        /// The side is out.
        Out = "out",
    }
}

impl DealWord {
    /// The action of the deal's machine that it means.
    const fn action_code(self) -> &'static str {
        match self {
            Self::Further => "report",
            Self::Later => "hold",
            Self::Out => "withdraw",
        }
    }
}

/// What a link opens.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It can be answered.
    Open(Box<Page>),
    /// Nothing waits for its reader now, whatever the reason.
    Over(Recipient),
    /// The link is too old.
    Expired(Recipient),
}

/// A deal as its page shows it.
#[derive(Debug, Clone)]
pub struct Page {
    /// To whom.
    pub person: Recipient,
    /// The other side's name.
    pub counterpart: String,
    /// Title of the programme.
    pub programme: String,
    /// Since when it stands where it stands.
    pub since: DateTime<Utc>,
    /// In which version it is shown: an answer is to that one.
    pub version: i64,
    /// What can be said now.
    pub words: Vec<DealWord>,
}

/// What stands in the link of a deal to a person: sealed, for it names both.
pub(super) fn token(context: &Context, deal: &Deal, user: UserId) -> Result<String, Error> {
    let expires_at = context.now() + TimeDelta::days(DAYS);
    let entered_at = deal.stage_entered_at.timestamp_micros();
    let expires_at = expires_at.timestamp();
    let plain = format!("{}\n{user}\n{entered_at}\n{expires_at}", deal.id);
    context
        .sealer
        .seal_text(NAME, plain.as_bytes())
        .map_err(Error::internal)
}

/// What a link says.
struct Said {
    deal: DealId,
    user: UserId,
    entered_at: i64,
    expires_at: DateTime<Utc>,
}

fn read_token(context: &Context, token: &str) -> Option<Said> {
    let plain = context.sealer.open_text(NAME, token).ok()?;
    let mut parts = std::str::from_utf8(&plain).ok()?.split('\n');
    Some(Said {
        deal: parts.next()?.parse().ok()?,
        user: parts.next()?.parse().ok()?,
        entered_at: parts.next()?.parse().ok()?,
        expires_at: DateTime::from_timestamp(parts.next()?.parse().ok()?, 0)?,
    })
}

/// Who opens a link, and what it names.
struct Found {
    caller: Caller,
    deal: Deal,
    late: bool,
    /// It has come to another stage since.
    gone_on: bool,
}

impl Found {
    /// The side that they stand for.
    fn side(&self) -> Side {
        if self.caller.belongs_to(self.deal.startup) {
            Side::Startup
        } else {
            Side::Investor
        }
    }

    fn person(&self) -> Recipient {
        Recipient::from(self.caller.user.clone())
    }
}

/// Reads a link. Whoever no longer answers for a side finds nothing.
fn find(context: &Context, conn: &mut Conn, token: &str) -> Result<Found, Error> {
    let said = read_token(context, token).ok_or(Error::NotFound)?;
    let deal = deals::load(conn, said.deal)?;
    let user = db::users::find(conn, said.user)?.ok_or(Error::NotFound)?;
    // They stand for a side here, whatever else they are.
    let stands = |part: &Membership| {
        [deal.startup, deal.investor].contains(&part.organization) && answers_for(part.role)
    };
    let mut parts = db::users::memberships(conn, user.id)?;
    parts.retain(stands);
    if parts.is_empty() || db::users::disabled_at(conn, user.id)?.is_some() {
        return Err(Error::NotFound);
    }
    Ok(Found {
        caller: Caller::new(user, parts),
        late: said.expires_at <= context.now(),
        gone_on: said.entered_at != deal.stage_entered_at.timestamp_micros(),
        deal,
    })
}

/// What a link opens. Reading changes nothing but the ledger, which notes that
/// the other side was named: mail scanners follow links.
///
/// # Errors
/// No link of this service, or its person no longer answers for a side.
pub async fn open(context: &Context, token: &str) -> Result<Opened, Error> {
    let (context_in, token) = (context.clone(), token.to_owned());
    let (page, deal, opening) = context
        .db
        .read(move |conn| {
            let found = find(&context_in, conn, &token)?;
            let page = opened(&context_in, conn, &found)?;
            let opening = match page {
                Opened::Open(_) => {
                    let opening = deals::opening_of(conn, Opener::Link, &found.deal, found.side())?;
                    opening.unless_noted(&context_in, conn)?
                }
                Opened::Over(_) | Opened::Expired(_) => None,
            };
            Ok::<_, Error>((page, found.deal.id, opening))
        })
        .await?;
    opening::note(context, Actor::Link(deal.uuid().into()), opening).await?;
    Ok(page)
}

fn opened(context: &Context, conn: &mut Conn, found: &Found) -> Result<Opened, Error> {
    if found.late {
        return Ok(Opened::Expired(found.person()));
    }
    let (caller, deal) = (&found.caller, &found.deal);
    // Whom something keeps apart reads no names.
    if found.gone_on || apart::of_deal(context, conn, deal)?.is_some() {
        return Ok(Opened::Over(found.person()));
    }
    let open = deals::open_to(context, conn, caller, deal)?;
    let can = |word: &DealWord| {
        let mut free = open.iter().filter(|(_, refusal)| refusal.is_none());
        free.any(|(action, _)| *action == word.action_code())
    };
    let words: Vec<DealWord> = DealWord::ALL.iter().copied().filter(can).collect();
    if words.is_empty() {
        return Ok(Opened::Over(found.person()));
    }
    let other = match found.side() {
        Side::Startup => deal.investor,
        Side::Investor => deal.startup,
    };
    let other = db::organizations::find(conn, other)?.ok_or(Error::NotFound)?;
    let programme = programmes::load(conn, deal.programme)?;
    Ok(Opened::Open(Box::new(Page {
        person: found.person(),
        counterpart: other.details.display_name().to_string(),
        programme: programme.details.title.to_string(),
        since: deal.stage_entered_at,
        version: deal.version,
        words,
    })))
}

/// Says by a link what became of a deal in the version that its page showed, as
/// somebody of the side does over the API. A second click finds it moved.
///
/// # Errors
/// As [`open`]; a refusal where it can't be said so now, or stale when it moved.
pub async fn answer(
    context: &Context,
    token: &str,
    word: DealWord,
    seen: i64,
) -> Result<(), Error> {
    let (context_in, token) = (context.clone(), token.to_owned());
    let found = context
        .db
        .read(move |conn| find(&context_in, conn, &token))
        .await?;
    if found.late {
        return Err(Error::refused(
            "link_expired",
            "This link is too old; the deal can still be moved after signing in.",
        ));
    }
    if found.gone_on {
        return Err(Error::StaleVersion);
    }
    let Found { caller, deal, .. } = found;
    let (action, note) = match word {
        DealWord::Further => (DealAction::Report, None),
        DealWord::Later => {
            let until = context.now() + TimeDelta::days(LATER_DAYS);
            (
                DealAction::Hold(until.date_naive()),
                Some(BY_LINK.to_owned()),
            )
        }
        DealWord::Out => (DealAction::Withdraw, None),
    };
    deals::transition(context, &caller, None, deal.id, Some(seen), action, note)
        .await
        .map(drop)
}
