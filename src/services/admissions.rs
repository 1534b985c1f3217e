//! Who takes part in a programme, as a list, and how an admission is taken
//! back. That ends what was not sent yet; what connected two firms stays
//! theirs.

use uuid::Uuid;

use crate::db::introductions::About;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::admission::{Admission, AdmissionAction, AdmissionFilter, Admitted, Departure};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::message::News;
use crate::domain::permission::Operation;
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::refusal::Refusal;
use crate::domain::text::Name;

use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{Open, check_version, code};
use super::{Caller, Context, Error, Intent, introductions, notices, programmes, succession};

/// An admission as its readers see it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The admission.
    pub admitted: Admitted,
    /// What the firm is called.
    pub name: Option<Name>,
}

/// Admissions to a programme: all to those of the operator's people who read
/// what is matched, to others those of their own firms' records. Why one was
/// taken back is for the former.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: AdmissionFilter,
    page: PageRequest,
) -> Result<Page<Shown>, Error> {
    caller.may(Operation::ReadProgramme, &[])?;
    let whole = caller.may(Operation::RankMatches, &[]).is_ok();
    if !whole {
        let own = caller.memberships.iter().map(|member| member.organization);
        filter.known_to = Some(own.collect());
    }
    let caller = caller.clone();
    read_page(
        context,
        format!("admissions {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let programme = programmes::load(conn, filter.programme)?;
            programmes::check_known(conn, &caller, &programme)?;
            let mut found = db::admissions::list(conn, &filter, cursor, limit)?;
            if !whole {
                let gone = found.iter_mut().filter_map(|it| it.departure.as_mut());
                gone.for_each(|departure| departure.reason.clear());
            }
            named(conn, found)
        },
        |shown| {
            let (at, id) = shown.admitted.place();
            after(at, id)
        },
    )
    .await
}

fn named(conn: &mut Conn, found: Vec<Admitted>) -> Result<Vec<Shown>, Error> {
    let mut firms: Vec<OrganizationId> = found.iter().map(|it| it.organization).collect();
    firms.sort();
    firms.dedup();
    let firms = db::organizations::find_many(conn, &firms)?;
    let shown = found.into_iter().map(|admitted| {
        let mut firms = firms.iter();
        let firm = firms.find(|firm| firm.id == admitted.organization);
        let name = firm.map(|firm| firm.details.display_name().clone());
        Shown { admitted, name }
    });
    Ok(shown.collect())
}

/// An admission by itself.
#[derive(Debug, Clone)]
pub struct One {
    /// How it stands.
    pub shown: Shown,
    /// How often it was made and taken back: the first admission is 1, taking
    /// it back 2, admitting again 3.
    pub version: i64,
    /// What the caller can do with it now.
    pub open: Open<AdmissionAction>,
}

/// Most times that one record comes and goes.
const MOST: usize = 1_000;

/// One admission to a programme, also one that was taken back, as [`list`]
/// shows it.
///
/// # Errors
/// No programme that the caller knows of, or no such record in it.
pub async fn find(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    record: Uuid,
) -> Result<One, Error> {
    caller.may(Operation::ReadProgramme, &[])?;
    let caller = caller.clone();
    let read = move |conn: &mut Conn| one(conn, &caller, programme, record);
    context.db.read(read).await
}

fn one(
    conn: &mut Conn,
    caller: &Caller,
    programme: ProgrammeId,
    record: Uuid,
) -> Result<One, Error> {
    let whole = caller.may(Operation::RankMatches, &[]).is_ok();
    let own = caller.memberships.iter().map(|member| member.organization);
    let of = |withdrawn| AdmissionFilter {
        programme,
        kind: None,
        organization: None,
        status: None,
        known_to: (!whole).then(|| own.clone().collect()),
        record: Some(record),
        withdrawn,
    };
    let programme = programmes::load(conn, programme)?;
    programmes::check_known(conn, caller, &programme)?;
    let mut gone = db::admissions::list(conn, &of(true), None, MOST)?;
    let holds = db::admissions::list(conn, &of(false), None, 1)?.pop();
    let times = i64::try_from(gone.len()).map_err(Error::internal)?;
    let version = 2 * times + i64::from(holds.is_some());
    let mut found = holds.or_else(|| gone.pop()).ok_or(Error::NotFound)?;
    let firm = found.organization;
    if let Some(departure) = found.departure.as_mut().filter(|_| !whole) {
        departure.reason.clear();
    }
    let mut open = Vec::new();
    if caller.may(Operation::WriteProgramme, &[firm]).is_ok() {
        if found.departure.is_some() {
            open.push((AdmissionAction::Admit, None));
        } else if goes_on(&programme) {
            open.push((AdmissionAction::Withdraw, None));
        }
    }
    let shown = named(conn, vec![found])?.pop().ok_or(Error::NotFound)?;
    Ok(One {
        shown,
        version,
        open,
    })
}

/// Whether admissions to a programme are still taken back: what began under a
/// renewed one goes on under the one after it.
fn goes_on(programme: &Programme) -> bool {
    use ProgrammeStatus as S;
    !matches!(programme.status, S::Renewed | S::Terminated | S::Declined)
}

/// That an admission was taken back.
struct Withdrawn(ProgrammeId);

impl Recorded for Withdrawn {
    fn id(&self) -> Uuid {
        self.0.uuid()
    }

    /// It happens once.
    fn version(&self) -> i64 {
        1
    }
}

impl Recorded for One {
    fn id(&self) -> Uuid {
        self.shown.admitted.admission.record()
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// Takes an admission back for a reason, or admits again what was taken back:
/// [`withdraw`] and [`programmes::admit`] of what somebody has read.
///
/// # Errors
/// As theirs; another version; it can't be done as the admission stands.
pub async fn go(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, record, expected): (ProgrammeId, Uuid, Option<i64>),
    step: Step,
) -> Result<One, Error> {
    programmes::may_write(context, caller, id).await?;
    let departure = context.new_id();
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let before = one(conn, &caller_in, id, record)?;
        check_version(expected, before.version)?;
        let Admitted {
            admission,
            organization,
            ..
        } = before.shown.admitted;
        caller_in.may(Operation::WriteProgramme, &[organization])?;
        let action = step.action();
        if !before.open.iter().any(|(open, _)| *open == action) {
            return Err(Refusal::no_transition(action.code()).into());
        }
        match step {
            Step::Admit => {
                programmes::admit_in(&context_in, &caller_in, conn, id, admission)?;
            }
            Step::Withdraw(reason) => {
                let departure = Departure {
                    id: departure,
                    at: context_in.now(),
                    by: caller_in.id(),
                    reason,
                };
                take_back(&context_in, &caller_in, conn, id, admission, &departure)?;
            }
        }
        one(conn, &caller_in, id, record)
    };
    let caller_again = caller.clone();
    let find = move |conn: &mut Conn, record| one(conn, &caller_again, id, record);
    write_once(context, caller.id(), intent, job, find).await
}

/// What is done with an admission.
#[derive(Debug, Clone)]
pub enum Step {
    /// It is admitted again.
    Admit,
    /// It is taken back, for that reason.
    Withdraw(String),
}

impl Step {
    const fn action(&self) -> AdmissionAction {
        match self {
            Self::Admit => AdmissionAction::Admit,
            Self::Withdraw(_) => AdmissionAction::Withdraw,
        }
    }
}

/// Takes an admission back, for curators: nothing new is shown of the record in
/// the programme, its matches end as the matching looks at them again, and
/// introductions that were not sent end with a word to those who wait, and its
/// owners and editors are told.
pub async fn withdraw(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    admission: Admission,
    reason: String,
) -> Result<(), Error> {
    programmes::may_write(context, caller, id).await?;
    let departure = Departure {
        id: context.new_id(),
        at: context.now(),
        by: caller.id(),
        reason,
    };
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| take_back(&context_in, &caller_in, conn, id, admission, &departure),
        |_, id| Ok(Withdrawn(id.into())),
    )
    .await
    .map(drop)
}

fn take_back(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: ProgrammeId,
    admission: Admission,
    departure: &Departure,
) -> Result<Withdrawn, Error> {
    let programme = programmes::load(conn, id)?;
    let firm = firm_of(conn, admission)?;
    caller.may(Operation::WriteProgramme, &[firm])?;
    if !goes_on(&programme) {
        return Err(Refusal::no_transition("withdraw").into());
    }
    if !db::admissions::withdraw(conn, id, admission, departure)? {
        return Err(Error::refused(
            "not_admitted",
            "It is not admitted to this programme.",
        ));
    }
    context.pen(caller.actor()).append(
        conn,
        "programme.admission_withdrawn",
        (SubjectKind::Programme, id),
        vec![
            ("kind", code(admission.kind().code())),
            ("id", Value::Id(admission.record())),
            ("reason", Value::hash_of(&departure.reason)),
        ],
    )?;
    end_unsent(context, conn, id, (admission, firm), caller.actor())?;
    // One that was never in force is its parties' alone to know of.
    let of = programme.status.is_public().then_some(id);
    notices::tell_of_programme(context, conn, firm, News::AdmissionWithdrawn, of)?;
    Ok(Withdrawn(id))
}

/// Ends what was asked for under a programme, or those before it, and not sent.
fn end_unsent(
    context: &Context,
    conn: &mut Conn,
    id: ProgrammeId,
    (admission, firm): (Admission, OrganizationId),
    actor: Actor,
) -> Result<(), Error> {
    for programme in succession::gone_on(conn, id)? {
        let about = match admission {
            Admission::StartupProfile(profile) => About::ProfileIn(programme, firm, profile),
            Admission::Mandate(mandate) => About::MandateIn(programme, mandate),
        };
        introductions::end_all(context, conn, about, actor)?;
    }
    Ok(())
}

/// Ends what was asked for at the same moment as an admission was taken back,
/// by who had read it just before; what was admitted again meanwhile stays.
pub(super) async fn settle(
    context: &Context,
    id: ProgrammeId,
    admission: Admission,
) -> Result<(), Error> {
    let context_in = context.clone();
    let job = move |conn: &mut Conn| {
        let admitted = match admission {
            Admission::StartupProfile(record) => {
                db::programmes::is_startup_admitted(conn, id, record)?
            }
            Admission::Mandate(record) => db::programmes::is_mandate_admitted(conn, id, record)?,
        };
        if admitted {
            return Ok(());
        }
        let firm = firm_of(conn, admission)?;
        end_unsent(&context_in, conn, id, (admission, firm), Actor::System)
    };
    context.db.write(job).await
}

fn firm_of(conn: &mut Conn, admission: Admission) -> Result<OrganizationId, Error> {
    let firm = match admission {
        Admission::StartupProfile(id) => {
            db::startup_profiles::find(conn, id)?.map(|found| found.organization)
        }
        Admission::Mandate(id) => db::mandates::find(conn, id)?.map(|found| found.organization),
    };
    firm.ok_or(Error::NotFound)
}
