//! Programmes: the corridors that everything else happens in.

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::programmes;
pub use crate::db::programmes::Filter;
use crate::db::{self, Conn};
use crate::domain::admission::Admission;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{ProgrammeId, RuleSetId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::programme::{
    Party, PartyRole, Programme, ProgrammeAction, ProgrammeDetails, ProgrammeStatus, step,
};
use crate::domain::refusal::Refusal;
use crate::domain::scoring::RuleSet;
use crate::domain::values::OrganizationKind;

use super::caller::in_any_hat;
use super::once::{Recorded, write_once, write_once_versioned};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{available, check_version, code};
use super::{Caller, Context, Error, Intent, agreements, contacts, succession};

/// A draft programme, matching by the newest rule set of the service. Its party
/// is the operator where none is named, since one without could never come
/// into force.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    mut details: ProgrammeDetails,
) -> Result<Programme, Error> {
    caller.may(Operation::WriteProgramme, &[])?;
    if details.parties.is_empty() {
        let operator = caller.organizations(OrganizationKind::Operator).next();
        details.parties.extend(operator.map(|organization| Party {
            organization,
            role: PartyRole::Operator,
        }));
    }
    let now = context.now();
    let id = context.new_id();
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            check_parties(conn, &details)?;
            let rule_set = newest_rule_set(conn)?;
            let programme = Programme {
                id,
                details,
                rule_set,
                status: ProgrammeStatus::Draft,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            if !programmes::insert(conn, &programme)? {
                return Err(Error::refused(
                    "slug_taken",
                    "Another programme has this slug.",
                ));
            }
            pen.append(
                conn,
                "programme.created",
                (SubjectKind::Programme, id),
                vec![
                    ("rule_set", Value::Id(rule_set.uuid())),
                    ("starts_on", Value::Date(programme.details.starts_on)),
                    ("ends_on", Value::Date(programme.details.ends_on)),
                ],
            )?;
            Ok(programme)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Whether all parties are on record.
pub(super) fn check_parties(conn: &mut Conn, details: &ProgrammeDetails) -> Result<(), Error> {
    for party in &details.parties {
        db::organizations::find(conn, party.organization)?.ok_or_else(|| {
            Error::refused("unknown_party", "A party is not an organization on record.")
        })?;
    }
    Ok(())
}

/// The newest rule set that came with the service.
pub(super) fn newest_rule_set(conn: &mut Conn) -> Result<RuleSetId, Error> {
    db::rule_sets::newest_of_service(conn)?
        .map(|rules| rules.id)
        .ok_or_else(|| Error::refused("no_rule_set", "No rule set has been published yet."))
}

/// Puts a rule set on record if its content is new, and answers the id of the
/// one with that content.
pub async fn publish_rule_set(context: &Context, rules: RuleSet) -> Result<RuleSetId, Error> {
    let now = context.now();
    let pen = context.pen(Actor::System);
    context
        .db
        .write(move |conn| {
            let id = db::rule_sets::insert_if_new(conn, &rules, now)?;
            if id == rules.id {
                pen.append(
                    conn,
                    "rule_set.published",
                    (SubjectKind::RuleSet, id),
                    vec![],
                )?;
            }
            Ok(id)
        })
        .await
}

/// One programme. Those that are or were in force are known to startups and
/// investors, who may be admitted to them; to partners those that they are a
/// party to, and all to the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: ProgrammeId) -> Result<Programme, Error> {
    caller.may(Operation::ReadProgramme, &[])?;
    let found = context.db.look_up(move |conn| load(conn, id)).await?;
    check_known(caller, &found)?;
    Ok(found)
}

/// Whether the caller may know that there is such a programme; see [`find`].
pub(super) fn check_known(caller: &Caller, found: &Programme) -> Result<(), Error> {
    let mut parties = found.details.parties.iter();
    let known = found.status.is_public() && may_be_admitted(caller)
        || caller.is_of_operator()
        || parties.any(|party| caller.belongs_to(party.organization));
    known.then_some(()).ok_or(Error::NotFound)
}

/// Whether the caller is of a firm that programmes are for.
fn may_be_admitted(caller: &Caller) -> bool {
    use OrganizationKind as K;
    let mut parts = caller.memberships.iter();
    parts.any(|part| matches!(part.kind, K::Startup | K::Investor))
}

/// Refuses whoever may not write a programme; one that they may not know of is
/// not there.
pub(super) async fn may_write(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
) -> Result<(), Error> {
    match caller.may(Operation::WriteProgramme, &[]) {
        Err(Error::Forbidden) => {
            find(context, caller, id).await?;
            Err(Error::Forbidden)
        }
        other => other,
    }
}

/// Programmes that the caller may know of, oldest first; see [`find`].
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Programme>, Error> {
    caller.may(Operation::ReadProgramme, &[])?;
    if !caller.is_of_operator() {
        let own = caller.memberships.iter().map(|member| member.organization);
        filter.known_to = Some(own.collect());
        filter.own_only = !may_be_admitted(caller);
    }
    read_page(
        context,
        format!("programmes {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(programmes::list(conn, &filter, cursor, limit)?),
        |programme| after(programme.created_at, programme.id),
    )
    .await
}

/// Moves a programme in its machine.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    expected: Option<i64>,
    action: ProgrammeAction,
) -> Result<Programme, Error> {
    may_write(context, caller, id).await?;
    let now = context.now();
    let (context_in, pen) = (context.clone(), context.pen(caller.actor()));
    let hats = hats(caller);
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            let today = now.date_naive();
            let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, today))?;
            agreements::follow(&context_in, conn, &pen, &before, action)?;
            let after = Programme {
                status,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            store(conn, &after)?;
            log_move(conn, &pen, &after, action, before.status)?;
            succession::follow(&context_in, conn, &after, action)?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// What the service itself does to a programme.
pub(super) fn move_by_system(
    context: &Context,
    conn: &mut Conn,
    before: Programme,
    action: ProgrammeAction,
) -> Result<(), Error> {
    let now = context.now();
    let status = step(&before, action, Hat::System, now.date_naive())?;
    let from = before.status;
    let after = Programme {
        status,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store(conn, &after)?;
    log_move(conn, &context.pen(Actor::System), &after, action, from)?;
    succession::follow(context, conn, &after, action)
}

pub(super) fn store(conn: &mut Conn, programme: &Programme) -> Result<(), Error> {
    if programmes::update(conn, programme)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

pub(super) fn log_move(
    conn: &mut Conn,
    pen: &super::log::Pen,
    after: &Programme,
    action: ProgrammeAction,
    from: ProgrammeStatus,
) -> Result<(), Error> {
    pen.append(
        conn,
        "programme.moved",
        (SubjectKind::Programme, after.id),
        vec![
            ("action", code(action.code())),
            ("from", code(from.code())),
            ("to", code(after.status.code())),
        ],
    )
}

/// What can be done with a programme now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
) -> Result<Vec<(ProgrammeAction, Option<Refusal>)>, Error> {
    let programme = find(context, caller, id).await?;
    Ok(open_to(context, caller, &programme))
}

/// What the caller can do with a programme that they may see.
pub(super) fn open_to(
    context: &Context,
    caller: &Caller,
    programme: &Programme,
) -> Vec<(ProgrammeAction, Option<Refusal>)> {
    let today = context.now().date_naive();
    available(ProgrammeAction::ALL, &hats(caller), |action, hat| {
        step(programme, action, hat, today).map(drop)
    })
}

/// What came of an admission.
struct Admitted {
    programme: ProgrammeId,
    new: bool,
}

impl Recorded for Admitted {
    fn id(&self) -> Uuid {
        self.programme.uuid()
    }

    /// 1 for an admission that was new.
    fn version(&self) -> i64 {
        i64::from(self.new)
    }
}

/// Admits a profile or a mandate; admitting it again changes nothing. Answers
/// whether it is new.
pub async fn admit(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    admission: Admission,
) -> Result<bool, Error> {
    may_write(context, caller, id).await?;
    let now = context.now();
    let (context_in, actor) = (context.clone(), caller.actor());
    let caller_in = caller.clone();
    let pen = context.pen(actor);
    let admitted = write_once_versioned(
        context,
        caller.id(),
        intent,
        move |conn| {
            let programme = load(conn, id)?;
            let (new, subject, kind, unclaimed) = match admission {
                Admission::StartupProfile(profile) => {
                    let found =
                        db::startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?;
                    caller_in.may(Operation::WriteProgramme, &[found.organization])?;
                    let joined = programme
                        .details
                        .corridors
                        .iter()
                        .any(|corridor| Some(corridor.startup) == found.country);
                    refuse_unless(joined)?;
                    let new = programmes::admit_startup(conn, id, profile, now)?;
                    let unclaimed = (!found.claimed).then_some(found.organization);
                    (new, profile.uuid(), "startup_profile", unclaimed)
                }
                Admission::Mandate(mandate) => {
                    let found = db::mandates::find(conn, mandate)?.ok_or(Error::NotFound)?;
                    caller_in.may(Operation::WriteProgramme, &[found.organization])?;
                    let joined = programme
                        .details
                        .corridors
                        .iter()
                        .any(|corridor| Some(corridor.investor) == found.country);
                    refuse_unless(joined)?;
                    let new = programmes::admit_mandate(conn, id, mandate, now)?;
                    let unclaimed = (!found.claimed).then_some(found.organization);
                    (new, mandate.uuid(), "mandate", unclaimed)
                }
            };
            if new {
                pen.append(
                    conn,
                    "programme.admitted",
                    (SubjectKind::Programme, id),
                    vec![("kind", code(kind)), ("id", Value::Id(subject))],
                )?;
            }
            if let Some(firm) = unclaimed {
                contacts::ask(&context_in, conn, actor, firm)?;
            }
            Ok(Admitted { programme: id, new })
        },
        |_, id, version| {
            Ok(Admitted {
                programme: id.into(),
                new: version == 1,
            })
        },
    )
    .await?;
    Ok(admitted.new)
}

fn refuse_unless(joined: bool) -> Result<(), Error> {
    if joined {
        Ok(())
    } else {
        Err(Error::refused(
            "outside_corridors",
            "The programme joins no corridor with this country on this side.",
        ))
    }
}

fn hats(caller: &Caller) -> Vec<Hat> {
    if caller.is(crate::domain::account::Role::Curator) {
        vec![Hat::Curator]
    } else {
        vec![]
    }
}

pub(super) fn load(conn: &mut Conn, id: ProgrammeId) -> Result<Programme, Error> {
    programmes::find(conn, id)?.ok_or(Error::NotFound)
}
