//! Records that name the other side, opened again after they did so first:
//! each opening stands in the ledger, once for each reader, version and day. By
//! a mailed link it is the firm that was shown something, not its person: mail
//! scanners follow links.
//!
//! A reading that is on record already costs one look-up more; the first of a
//! day is shown once its line is written.

use crate::db::{self, Conn};
use crate::domain::disclosure::{Level, Opener};
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::values::Side;
use crate::services::{Context, Error};

use super::{Occasion, Showing, answer_about, is_noted, record_opening};

/// A record that somebody opens, and what of the other side it shows them.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Which firm it names.
    pub shown: OrganizationId,
    /// To which firm.
    pub to: OrganizationId,
    /// Which record.
    pub subject: Subject,
    /// Who opens it.
    pub by: Opener,
    /// At which revision of what is shown.
    pub revision: i64,
    /// When the gate is asked about what the line rests on.
    pub occasion: Occasion,
}

impl Opening {
    const fn showing(self) -> Showing {
        Showing {
            programme: self.programme,
            shown: self.shown,
            to: self.to,
            level: Level::Named,
            subject: self.subject,
            opened: Some((self.by, self.revision)),
        }
    }

    /// Itself, unless it stands in the ledger today already.
    pub fn unless_noted(self, context: &Context, conn: &mut Conn) -> Result<Option<Self>, Error> {
        let noted = is_noted(context, conn, &self.showing())?;
        Ok((!noted).then_some(self))
    }
}

/// The revision of a side's record: of the startup's profile, or of the
/// investor's mandate.
pub fn revision_of(
    conn: &mut Conn,
    side: Side,
    (profile, mandate): (StartupProfileId, MandateId),
) -> Result<i64, Error> {
    let revision = match side {
        Side::Startup => db::startup_profiles::revision(conn, profile)?,
        Side::Investor => db::mandates::revision(conn, mandate)?,
    };
    revision.ok_or(Error::NotFound)
}

/// Puts an opening on record.
pub async fn note(context: &Context, actor: Actor, opening: Option<Opening>) -> Result<(), Error> {
    let Some(opening) = opening else {
        return Ok(());
    };
    let context_in = context.clone();
    let write = move |conn: &mut Conn| note_in(&context_in, conn, actor, opening);
    context.db.write(write).await
}

fn note_in(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    opening: Opening,
) -> Result<(), Error> {
    // Two at once would each not see the other's line.
    match opening.subject.kind {
        SubjectKind::Introduction => db::introductions::lock(conn, opening.subject.id.into())?,
        _ => db::organizations::lock(conn, opening.to)?,
    }
    let (subject, occasion) = (opening.subject, opening.occasion);
    let by = answer_about(context, conn, subject, occasion)?;
    let pen = context.pen(actor);
    record_opening(context, conn, &pen, opening.showing(), &by)
}
