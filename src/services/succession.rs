//! What becomes of what began under a programme when that one is over. Where
//! another goes on from it, introductions, deals, documents and engagements go
//! on under that one, and whoever was admitted is admitted there; while it is
//! still being agreed they wait. Without one, what was not sent yet ends, and
//! what connected two firms stays theirs.

use chrono::NaiveDate;

use crate::db::introductions::About;
use crate::db::{self, Conn, agreements};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::ProgrammeId;
use crate::domain::message::News;
use crate::domain::permission::Hat;
use crate::domain::programme::{Programme, ProgrammeAction, ProgrammeStatus, step};

use super::log::Pen;
use super::transitions::code;
use super::{Context, Error, introductions, notices, programmes};

/// Renewals that are followed at most; nobody renews an MoU that often.
const MOST: usize = 64;

/// The programme under which what began under this one goes on: the last of
/// those that renewed it, else itself.
pub(super) fn going_on(conn: &mut Conn, mut programme: Programme) -> Result<Programme, Error> {
    for _ in 0..MOST {
        if programme.status != ProgrammeStatus::Renewed {
            break;
        }
        match agreements::successor(conn, programme.id)? {
            Some(next) => programme = programmes::load(conn, next)?,
            None => break,
        }
    }
    Ok(programme)
}

/// Whether a programme that is past its last day waits: for the one that goes
/// on from it and is being agreed, or for the clock to end it.
pub(super) fn is_awaited(
    conn: &mut Conn,
    programme: &Programme,
    today: NaiveDate,
) -> Result<bool, Error> {
    if programme.status.in_force() {
        return Ok(programme.details.ends_on < today);
    }
    Ok(programme.status == ProgrammeStatus::Expired && is_coming(conn, programme.id, today)?)
}

/// Whether one that goes on is being agreed and its own term isn't over.
fn is_coming(conn: &mut Conn, programme: ProgrammeId, today: NaiveDate) -> Result<bool, Error> {
    let Some(next) = agreements::successor(conn, programme)? else {
        return Ok(false);
    };
    let next = programmes::load(conn, next)?;
    Ok(next.status.is_coming() && next.details.ends_on >= today)
}

/// What a step of a programme means for what began under it, or under the one
/// before it.
pub(super) fn follow(
    context: &Context,
    conn: &mut Conn,
    after: &Programme,
    action: ProgrammeAction,
) -> Result<(), Error> {
    let today = context.now().date_naive();
    // One that another goes on from ends without a word: its parties sign that.
    let renewed = action == ProgrammeAction::Expire && is_coming(conn, after.id, today)?;
    if !renewed {
        tell_parties(context, conn, after, action)?;
    }
    let over = match action {
        ProgrammeAction::Expire if renewed => None,
        ProgrammeAction::Expire | ProgrammeAction::Terminate => Some(after.id),
        ProgrammeAction::Decline => {
            let mut agreement = agreements::load(conn, after.id)?;
            match agreement.predecessor.take() {
                Some(before) => {
                    // Another one may go on from it instead.
                    agreements::store(conn, &agreement)?;
                    let before = programmes::load(conn, before)?;
                    (before.status == ProgrammeStatus::Expired).then_some(before.id)
                }
                None => None,
            }
        }
        _ => None,
    };
    for programme in over.map_or(Ok(vec![]), |over| gone_on(conn, over))? {
        introductions::end_all(context, conn, About::Programme(programme), Actor::System)?;
    }
    Ok(())
}

/// Tells the people who speak for its parties what became of a programme.
fn tell_parties(
    context: &Context,
    conn: &mut Conn,
    after: &Programme,
    action: ProgrammeAction,
) -> Result<(), Error> {
    use ProgrammeAction as A;

    let news = match action {
        A::Decline => News::ProgrammeDeclined,
        A::GiveNotice => News::ProgrammeExpiring,
        A::Expire | A::Terminate => News::ProgrammeOver,
        A::Activate
        | A::Negotiate
        | A::AgreeText
        | A::StartSigning
        | A::Suspend
        | A::Resume
        | A::Renew => return Ok(()),
    };
    for party in &after.details.parties {
        let of = Some(after.id);
        notices::tell_of_programme(context, conn, party.organization, news, of)?;
    }
    Ok(())
}

/// A programme, and those before it that went on as it.
pub(super) fn gone_on(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<ProgrammeId>, Error> {
    let mut all = vec![programme];
    while let Some(last) = all.last().filter(|_| all.len() < MOST) {
        let Some(before) = agreements::load(conn, *last)?.predecessor else {
            break;
        };
        if programmes::load(conn, before)?.status != ProgrammeStatus::Renewed {
            break;
        }
        all.push(before);
    }
    Ok(all)
}

/// A programme that comes into force takes the place of the one before it: that
/// one is renewed, unless it was ended early, and whom it had admitted is
/// admitted, with what was decided about them.
pub(super) fn succeed(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    programme: &Programme,
    predecessor: ProgrammeId,
) -> Result<(), Error> {
    if db::freezes::active(conn, context.now())?
        .iter()
        .any(|freeze| freeze.scope.stops_programme(predecessor))
    {
        return Err(Error::refused(
            "predecessor_frozen",
            "The programme that this one goes on from is frozen; lift that first.",
        ));
    }
    carry_over(context, conn, pen, programme.id, predecessor)?;
    let before = programmes::load(conn, predecessor)?;
    let today = context.now().date_naive();
    match step(&before, ProgrammeAction::Renew, Hat::System, today) {
        Ok(_) => programmes::move_by_system(context, conn, before, ProgrammeAction::Renew),
        Err(_) => Ok(()),
    }
}

fn carry_over(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    to: ProgrammeId,
    from: ProgrammeId,
) -> Result<(), Error> {
    let now = context.now();
    let admitted = |conn: &mut Conn, kind: &'static str, id: uuid::Uuid| {
        pen.append(
            conn,
            "programme.admitted",
            (SubjectKind::Programme, to),
            vec![("kind", code(kind)), ("id", Value::Id(id))],
        )
    };
    // Whom a curator took out of the one that is coming stays out of it.
    let left = db::admissions::departed(conn, to)?;
    for profile in db::programmes::admitted_startups(conn, from)? {
        if !left.contains(&profile.uuid()) && db::programmes::admit_startup(conn, to, profile, now)?
        {
            admitted(conn, "startup_profile", profile.uuid())?;
        }
    }
    for mandate in db::programmes::admitted_mandates(conn, from)? {
        if !left.contains(&mandate.uuid()) && db::programmes::admit_mandate(conn, to, mandate, now)?
        {
            admitted(conn, "mandate", mandate.uuid())?;
        }
    }
    Ok(db::disclosures::copy_releases(
        conn,
        from,
        to,
        now.date_naive(),
    )?)
}
