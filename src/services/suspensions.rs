//! Records that are taken from everybody's sight and brought back: by
//! compliance, or by the service once the check of a firm comes out against it.

use chrono::{DateTime, Utc};

use crate::db::{self, Conn, merges, suspensions};
use crate::domain::account::Role;
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::investor::InvestorProfile;
use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;
use crate::domain::suspension::{Standing, Suspension, SuspensionGround};

use super::transitions::code;
use super::{Caller, Context, Error, on_show};

/// The state of every kind of record that is suspended.
const SUSPENDED: &str = "suspended";

/// What suspending, restoring and erasing look at, held.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    verdict: Option<ClearanceVerdict>,
    reporters: usize,
    suspension: Option<Suspension>,
    legal_hold: bool,
    by: Option<UserId>,
}

impl Held {
    /// Whether there is anything to look up for whoever acts: for nobody but
    /// compliance and the service itself.
    pub(super) fn concerns(by: Option<&Caller>) -> bool {
        by.is_none_or(|caller| caller.is(Role::Compliance))
    }

    /// What there is about a record of that firm, for whoever acts.
    pub(super) fn load(
        conn: &mut Conn,
        firm: OrganizationId,
        subject: Subject,
        by: Option<&Caller>,
    ) -> Result<Self, Error> {
        let by = by.map(Caller::id);
        Ok(Self {
            verdict: db::clearances::latest(conn, firm)?.map(|it| it.verdict),
            reporters: suspensions::reporters_of(conn, firm)?.len(),
            suspension: suspensions::in_force(conn, subject)?,
            legal_hold: db::legal_holds::is_held(conn, firm)?,
            by,
        })
    }

    /// As the machines take it.
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing {
            verdict: self.verdict,
            reporters: self.reporters,
            suspension: self.suspension.as_ref(),
            legal_hold: self.legal_hold,
            by: self.by,
        }
    }

    /// Keeps what a step into or out of a suspension means, in the open
    /// transaction. Why it was taken stands in the log of the firm, where its
    /// own people don't read it.
    pub(super) fn follow(
        &self,
        context: &Context,
        conn: &mut Conn,
        course: &Course,
        note: Option<String>,
    ) -> Result<(), Error> {
        let note = note.as_deref();
        let ground = match &self.suspension {
            Some(suspension) if !course.begins() => {
                self.go_on(conn, suspension, course, note, context.now())?;
                suspension.ground
            }
            None if course.begins() => self.begin(context, conn, course, note)?,
            // Somebody else was first.
            _ => return Err(Error::StaleVersion),
        };
        let mut payload = vec![
            ("record", Value::Id(course.subject.id)),
            ("kind", code(course.subject.kind.code())),
            ("from", code(course.from)),
            ("to", code(course.to)),
            ("ground", code(ground.code())),
        ];
        payload.extend(note.map(|note| ("note", Value::hash_of(note))));
        let pen = context.pen(self.by.map_or(Actor::System, Actor::User));
        let firm = (SubjectKind::Organization, course.firm);
        pen.append(conn, "organization.record_held", firm, payload)
    }

    fn begin(
        &self,
        context: &Context,
        conn: &mut Conn,
        course: &Course,
        note: Option<&str>,
    ) -> Result<SuspensionGround, Error> {
        let ground = self.standing().ground()?;
        let suspension = Suspension {
            id: context.new_id(),
            subject: course.subject,
            from: course.from.to_owned(),
            ground,
            reason: note.map(str::to_owned),
            by: self.by,
            at: context.now(),
            first_restored_by: None,
        };
        suspensions::insert(conn, &suspension)?;
        Ok(ground)
    }

    fn go_on(
        &self,
        conn: &mut Conn,
        suspension: &Suspension,
        course: &Course,
        note: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let stored = match self.by {
            Some(by) if course.to != SUSPENDED => {
                suspensions::end(conn, suspension.id, by, note, now)?
            }
            by => suspensions::propose_end(conn, suspension.id, by, note)?,
        };
        if stored {
            Ok(())
        } else {
            Err(Error::StaleVersion)
        }
    }
}

/// From where to where a record goes, by the codes of its states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    pub(super) firm: OrganizationId,
    pub(super) subject: Subject,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

impl Course {
    fn begins(&self) -> bool {
        self.to == SUSPENDED && self.from != SUSPENDED
    }

    /// Whether it leads into, within or out of a suspension.
    pub(super) fn concerns(&self) -> bool {
        self.to == SUSPENDED || self.from == SUSPENDED
    }
}

/// Suspends everything that a firm shows, since its check came out against it.
/// Answers how many records.
pub(super) fn suspend_all(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<usize, Error> {
    let profiles = merges::profiles_of(conn, firm)?;
    let profiles = profiles.into_iter().map(|(id, ..)| id.uuid());
    let mandates = merges::mandates_of(conn, firm)?;
    let mandates = mandates.into_iter().map(|(id, ..)| id.uuid());
    let investor = db::investor_profiles::of(conn, firm)?.map(|it| it.id.uuid());
    Ok(on_show::suspend::<StartupProfile>(context, conn, profiles)?
        + on_show::suspend::<Mandate>(context, conn, mandates)?
        + on_show::suspend::<InvestorProfile>(context, conn, investor)?)
}
