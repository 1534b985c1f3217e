//! The other side's profile by name, to who is asked once that side has agreed,
//! and to each once both have: through the gate at each reading, with a line in
//! the ledger for each reader, revision and day.

use crate::db::{self, Conn};
use crate::domain::disclosure::{Level, Opener};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::IntroductionId;
use crate::domain::introduction::{Introduction, IntroductionStatus};
use crate::domain::investor::InvestorContent;
use crate::domain::mandate::MandateContent;
use crate::domain::organization::OrganizationDetails;
use crate::domain::permission::Operation;
use crate::domain::profile::{ProfileStatus, StartupContent};
use crate::domain::values::Side;
use crate::services::disclosure::{self, Answered, Occasion, Pair, Showing};
use crate::services::{Caller, Context, Error, consents};

use super::portrait::before_both_agreed;
use super::{load, pair};

/// A firm as its counterpart reads it.
#[derive(Debug, Clone)]
pub struct Counterpart {
    /// By which introduction.
    pub introduction: IntroductionId,
    /// The name that people know.
    pub name: String,
    /// The firm.
    pub firm: OrganizationDetails,
    /// What its records say.
    pub says: Says,
}

/// What the records of a counterpart say.
#[derive(Debug, Clone)]
pub enum Says {
    /// A startup's profile.
    Startup(Box<StartupContent>),
    /// An investor's mandate, and its profile where one is published.
    Investor {
        /// The mandate that the two were matched by.
        mandate: Box<MandateContent>,
        /// What it says of itself.
        profile: Option<Box<InvestorContent>>,
    },
}

/// The counterpart of the caller's side by name.
///
/// # Errors
/// 404 for whoever stands on neither side, and while the two may not be shown
/// to each other: before the other side has agreed, in a freeze, after a block.
pub async fn counterpart(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Counterpart, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let found = context.db.read(move |conn| {
        let (found, showing, _) = shown(&context_in, conn, &caller_in, id)?;
        let noted = disclosure::is_noted(&context_in, conn, &showing)?;
        Ok::<_, Error>(noted.then_some(found))
    });
    if let Some(found) = found.await? {
        return Ok(found);
    }
    // The gate is asked again in the transaction that writes the ledger.
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let first = move |conn: &mut Conn| {
        db::introductions::lock(conn, id)?;
        let (found, showing, by) = shown(&context_in, conn, &caller_in, id)?;
        let pen = context_in.pen(caller_in.actor());
        disclosure::record_opening(&context_in, conn, &pen, showing, &by)?;
        Ok::<_, Error>(found)
    };
    context.db.write(first).await
}

/// The counterpart as the gate lets it be shown now, the line of the ledger that
/// its opening is, and the answer by which it is shown.
fn shown(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: IntroductionId,
) -> Result<(Counterpart, Showing, Answered), Error> {
    let introduction = load(conn, id)?;
    let firms = [introduction.startup, introduction.investor];
    caller.may(Operation::ReadIntroduction, &firms)?;
    let reader = caller.side(introduction.startup, introduction.investor);
    let reader = reader.ok_or(Error::NotFound)?;
    let occasion = occasion(&introduction, reader).ok_or(Error::NotFound)?;
    let pair = pair(conn, &introduction)?;
    let by = disclosure::answer(context, conn, &pair, occasion)?;
    if !by.is_allow() {
        return Err(Error::NotFound);
    }
    let of = introduction.organization(reader.other());
    let revision = match reader {
        Side::Startup => pair.mandate.revision,
        Side::Investor => pair.profile.revision,
    };
    let showing = Showing {
        programme: introduction.programme,
        shown: of,
        to: introduction.organization(reader),
        level: Level::Named,
        subject: Subject::new(SubjectKind::Introduction, id),
        opened: Some((Opener::Person(caller.id()), revision)),
    };
    let mut firm = db::organizations::find(conn, of)?.ok_or(Error::NotFound)?;
    let mut says = says(conn, pair, reader.other())?;
    if !introduction.both_accepted() {
        if !consents::lets_profile_be_read(conn, id, reader.other())? {
            return Err(Error::NotFound);
        }
        says = before_both_agreed(conn, &mut firm.details, of, says)?;
    }
    let counterpart = Counterpart {
        introduction: id,
        name: firm.details.display_name().to_string(),
        firm: firm.details,
        says,
    };
    Ok((counterpart, showing, by))
}

/// When the gate is asked for an introduction that both agreed to, or that the
/// reader is asked about by a side that has; none where neither is so, or it is
/// over without having connected them.
fn occasion(introduction: &Introduction, reader: Side) -> Option<Occasion> {
    use IntroductionStatus as S;
    if !introduction.both_accepted() {
        // Asking is consent, and so is a yes before the other side is asked.
        let asked = introduction.asked() == Some(reader);
        return (asked && introduction.accepted(reader.other())).then_some(Occasion::Running);
    }
    match introduction.status {
        S::BothAccepted | S::DeliveryProblem => Some(Occasion::Running),
        S::Sent | S::InConversation | S::Met | S::Converted => Some(Occasion::Connected),
        S::Requested
        | S::Held
        | S::Refused
        | S::Blocked
        | S::Frozen
        | S::AskingFirst
        | S::AskingSecond
        | S::Declined
        | S::Withdrawn
        | S::Closed
        | S::Expired => None,
    }
}

fn says(conn: &mut Conn, pair: Pair, of: Side) -> Result<Says, Error> {
    if of == Side::Startup {
        return Ok(Says::Startup(Box::new(pair.profile.content)));
    }
    let profile = db::investor_profiles::of(conn, pair.mandate.organization)?;
    let profile = profile.filter(|it| it.status == ProfileStatus::Published);
    Ok(Says::Investor {
        mandate: Box::new(pair.mandate.content),
        profile: profile.map(|it| Box::new(it.content)),
    })
}
