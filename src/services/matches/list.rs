//! What is on record, pinned ones first, then the oldest: all for the
//! operator's people, what was released to it for a side, and what is new to
//! it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::matches;
pub use crate::db::matches::Filter;
use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn};
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupProfile;
use crate::domain::review::{Curation, Match, MatchStatus};
use crate::domain::values::{OrganizationKind, Side};
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::ranking::Counterparts;
use crate::services::{Caller, Context, Error, mandates, startups};

use super::{closed_now, side_of};

/// Rows read at a time while a page fills.
const AT_ONCE: usize = 100;

/// Which matches somebody wants listed.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// What the store can tell.
    pub filter: Filter,
    /// The other side: the mandates of a startup that was named, else the
    /// startups; for a side, whoever it is matched with.
    pub about: Counterparts,
    /// Only what was shown since the caller's last visit; for a side.
    pub new: bool,
}

impl Listed {
    /// Those in that state.
    pub fn of_status(status: MatchStatus) -> Self {
        Self {
            filter: Filter {
                status: Some(status),
                ..Filter::default()
            },
            ..Self::default()
        }
    }
}

impl From<Filter> for Listed {
    fn from(filter: Filter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}

/// Matches on record: all for the operator's people, those released to it for
/// a side.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut wanted: Listed,
    page: PageRequest,
) -> Result<Page<Match>, Error> {
    narrow(context, caller, &mut wanted).await?;
    let name = format!("matches {wanted:?}");
    let (context_in, caller) = (context.clone(), caller.clone());
    read_page(
        context,
        name,
        page,
        move |conn, cursor, limit| {
            since_visit(conn, &caller, &mut wanted)?;
            fill(&context_in, conn, &caller, &wanted, cursor, limit)
        },
        place_of,
    )
    .await
}

/// How many of them there are, up to a limit and one more: those that the
/// caller is shown, and no other.
pub(in crate::services) async fn count(
    context: &Context,
    caller: &Caller,
    mut wanted: Listed,
    limit: usize,
) -> Result<usize, Error> {
    narrow(context, caller, &mut wanted).await?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let count = move |conn: &mut Conn| {
        since_visit(conn, &caller, &mut wanted)?;
        Ok(fill(&context_in, conn, &caller, &wanted, None, limit)?.len())
    };
    context.db.read(count).await
}

/// Narrows a list down to what the caller may see.
async fn narrow(context: &Context, caller: &Caller, wanted: &mut Listed) -> Result<(), Error> {
    if !caller.reads_everything() {
        let organization = own_organization(caller).ok_or(Error::NotFound)?;
        caller.may(Operation::ReadMatch, &[organization])?;
        wanted.filter.visible_to = Some(organization);
    }
    // Nobody finds out by a filter that a match is with a record of another
    // firm's: to whom it is hidden, it is not there.
    if let Some(id) = wanted.filter.startup_profile {
        startups::find(context, caller, id).await?;
    }
    if let Some(id) = wanted.filter.mandate {
        mandates::find(context, caller, id).await?;
    }
    Ok(())
}

fn since_visit(conn: &mut Conn, caller: &Caller, wanted: &mut Listed) -> Result<(), Error> {
    if let Some(firm) = wanted.filter.visible_to.filter(|_| wanted.new) {
        let seen = db::visits::of(conn, caller.id())?.get(&firm).copied();
        wanted.filter.new_to = seen.map(|seen| (firm, seen));
    }
    Ok(())
}

/// A page and one more, if there is one: what its reader may not see now is
/// passed over.
fn fill(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    wanted: &Listed,
    mut cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Match>, Error> {
    let mut page = Vec::new();
    loop {
        let place = cursor.map(section_of);
        let some = matches::listed(conn, &wanted.filter, place, AT_ONCE)?;
        let last = some.get(AT_ONCE - 1).map(place_of);
        let around = Around::load(conn, wanted, &some)?;
        let mut some = some;
        some.truncate(AT_ONCE);
        some.retain(|matched| around.fits(context, wanted, matched));
        // As many as may be wanted are asked about together, not the rest.
        let mut rest = some.into_iter();
        loop {
            let asked = limit.saturating_add(1).saturating_sub(page.len());
            let asked: Vec<Match> = rest.by_ref().take(asked).collect();
            if asked.is_empty() {
                break;
            }
            let shown = are_shown(context, conn, caller, &asked)?;
            for (matched, _) in asked.into_iter().zip(shown).filter(|(_, shown)| *shown) {
                page.push(matched);
                if page.len() > limit {
                    return Ok(page);
                }
            }
        }
        match last {
            Some(last) => cursor = Some(last),
            None => return Ok(page),
        }
    }
}

/// Which of these the caller may see now.
fn are_shown(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    some: &[Match],
) -> Result<Vec<bool>, Error> {
    let mut shown = Vec::with_capacity(some.len());
    let mut gated = Vec::new();
    for matched in some {
        let side = side_of(caller, matched)?;
        let visible = side.is_none_or(|side| matched.visible_to(side));
        shown.push(visible);
        if visible && side.is_some() {
            gated.push(matched);
        }
    }
    let closed = closed_now(context, conn, &gated)?;
    let of_each = some.iter().zip(shown);
    Ok(of_each
        .map(|(matched, visible)| visible && !closed.contains(&matched.id))
        .collect())
}

/// The records that a list is limited by.
#[derive(Default)]
struct Around {
    profiles: BTreeMap<StartupProfileId, StartupProfile>,
    mandates: BTreeMap<MandateId, Mandate>,
}

impl Around {
    fn load(conn: &mut Conn, wanted: &Listed, some: &[Match]) -> Result<Self, Error> {
        if wanted.about == Counterparts::default() {
            return Ok(Self::default());
        }
        let profiles: Vec<_> = some.iter().map(|matched| matched.startup_profile).collect();
        let mandates: Vec<_> = some.iter().map(|matched| matched.mandate).collect();
        let profiles = db::startup_profiles::find_many(conn, &profiles)?;
        let mandates = db::mandates::find_many(conn, &mandates)?;
        Ok(Self {
            profiles: profiles.into_iter().map(|it| (it.id, it)).collect(),
            mandates: mandates.into_iter().map(|it| (it.id, it)).collect(),
        })
    }

    fn fits(&self, context: &Context, wanted: &Listed, matched: &Match) -> bool {
        if wanted.about == Counterparts::default() {
            return true;
        }
        let of_startup = match wanted.filter.visible_to {
            Some(own) => own == matched.startup,
            None => wanted.filter.startup_profile.is_some(),
        };
        let taxonomy = &context.taxonomy();
        if of_startup {
            let mandate = self.mandates.get(&matched.mandate);
            mandate.is_some_and(|it| wanted.about.fits_mandate(taxonomy, it))
        } else {
            let profile = self.profiles.get(&matched.startup_profile);
            profile.is_some_and(|it| wanted.about.fits_startup(taxonomy, it))
        }
    }
}

/// By how much the time of a pinned match is moved back in its cursor: before
/// anything that was ever made.
const BEFORE_ALL: TimeDelta = TimeDelta::days(365 * 1_000);

/// A match's place in the list. Pinned ones come first, so their time counts
/// as long past.
fn place_of(matched: &Match) -> Cursor {
    let at = if matched.curation == Some(Curation::Pinned) {
        matched.created_at - BEFORE_ALL
    } else {
        matched.created_at
    };
    after(at, matched.id)
}

/// Whether a place is among the pinned, and the row it stands for.
fn section_of(place: Cursor) -> (bool, Cursor) {
    let pinned = place.created_at < DateTime::<Utc>::UNIX_EPOCH;
    let at = if pinned {
        place.created_at + BEFORE_ALL
    } else {
        place.created_at
    };
    (pinned, after(at, place.id))
}

/// Notes that the caller has looked at what was released to its firm; answers
/// when it looked before, and now.
pub async fn note_visit(
    context: &Context,
    caller: &Caller,
) -> Result<(Option<DateTime<Utc>>, DateTime<Utc>), Error> {
    let firm = own_organization(caller).ok_or(Error::NotFound)?;
    caller.may(Operation::ReadMatch, &[firm])?;
    let (person, now) = (caller.id(), context.now());
    context
        .db
        .write(move |conn| {
            let before = db::visits::of(conn, person)?.get(&firm).copied();
            db::visits::note(conn, person, firm, now)?;
            Ok((before, now))
        })
        .await
}

fn own_organization(caller: &Caller) -> Option<OrganizationId> {
    caller
        .organizations(OrganizationKind::Startup)
        .chain(caller.organizations(OrganizationKind::Investor))
        .next()
}

/// Whether a match was shown to that side after its person's last visit.
pub fn is_new(matched: &Match, side: Side, seen: Option<DateTime<Utc>>) -> bool {
    let shown = matched.shown_at.of(side);
    shown.is_some_and(|shown| seen.is_none_or(|seen| shown > seen))
}
