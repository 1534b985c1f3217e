//! The people of a firm: who belongs to it, who is invited, who leaves and to
//! whom their work goes.

use chrono::TimeDelta;

use crate::db::page::Page;
pub use crate::db::users::Member;
use crate::db::{self, Conn};
use crate::domain::account::{Membership, Role};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::message::News;
use crate::domain::permission::Operation;
use crate::domain::text::{Email, Language};
use crate::domain::ticket::TicketKind;
use crate::domain::values::OrganizationKind;

use super::duplicates::live_firm;
use super::introductions::hand_over;
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::tickets::{self, Permit, Ticket};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, notices};

/// Most invitations of one firm that wait for an answer, so that nobody mails
/// the world through us.
const MOST_INVITATIONS: usize = 200;
/// Most invitations that a firm sends in a day, taken back or not.
const MOST_INVITATIONS_A_DAY: i64 = 200;
const A_DAY: TimeDelta = TimeDelta::days(1);

/// The version of what somebody is in a firm: when they got their newest part
/// there, since a part is given and taken away but never changed.
pub fn version(member: &Member) -> i64 {
    let since = member.parts.iter().map(|(_, since)| *since);
    since.max().map_or(0, |since| since.timestamp_micros())
}

/// The people of a firm whose accounts are open, the oldest accounts first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    page: PageRequest,
) -> Result<Page<Member>, Error> {
    caller.may(Operation::ReadMembers, &[organization])?;
    read_page(
        context,
        format!("members {organization}"),
        page,
        move |conn, cursor, limit| {
            db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
            let found = db::users::page_of_members(conn, organization, cursor, limit)?;
            Ok(found)
        },
        |member| after(member.user.created_at, member.user.id),
    )
    .await
}

/// One of the people of a firm.
///
/// # Errors
/// Not found for who may not read them, and where they are not of it.
pub async fn find(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    person: UserId,
) -> Result<Member, Error> {
    caller.may(Operation::ReadMembers, &[organization])?;
    let read = move |conn: &mut Conn| {
        let found = db::users::member(conn, organization, person)?;
        found.ok_or(Error::NotFound)
    };
    context.db.read(read).await
}

/// Whether there is somebody of a firm whose part the caller may end: their own, or
/// as an owner. Whose account is closed has a part all the same.
///
/// # Errors
/// As [`remove`].
pub async fn find_to_remove(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    person: UserId,
) -> Result<(), Error> {
    may_remove(caller, organization, person)?;
    let read = move |conn: &mut Conn| parts(conn, person, organization).map(drop);
    context.db.read(read).await
}

fn may_remove(caller: &Caller, organization: OrganizationId, person: UserId) -> Result<(), Error> {
    caller.may(Operation::ReadMembers, &[organization])?;
    if person == caller.id() {
        return Ok(());
    }
    caller.may(Operation::WriteMembers, &[organization])
}

pub(super) fn may_write(caller: &Caller, organization: OrganizationId) -> Result<(), Error> {
    caller.may(Operation::ReadMembers, &[organization])?;
    caller.may(Operation::WriteMembers, &[organization])
}

/// Mails an invitation into a firm. The answer is the same whether the address
/// has an account or not.
pub async fn invite(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    email: Email,
    role: Role,
    language: Language,
    intent: Option<Intent>,
) -> Result<Ticket, Error> {
    may_write(caller, organization)?;
    let permit = Permit::Invitation { organization, role };
    let ticket = tickets::new(context, email, language, permit, Some(caller.id()));
    let context_in = context.clone();
    let (actor, caller_in) = (caller.actor(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            still_may_write(conn, &caller_in, organization)?;
            let of = check_role(conn, organization, role)?;
            let own = ticket.email.key() == caller_in.user.email.key();
            refuse_own_part(&caller_in, organization, of, own)?;
            let (kind, now) = (TicketKind::Invitation, context_in.now());
            let waiting = db::tickets::open_of(conn, kind, organization, now)?.len();
            let lately = db::tickets::count_made(conn, kind, organization, now - A_DAY)?;
            if waiting >= MOST_INVITATIONS || lately >= MOST_INVITATIONS_A_DAY {
                return Err(Error::refused(
                    "too_many_invitations",
                    format!(
                        "A firm sends {MOST_INVITATIONS_A_DAY} invitations a day at most, and \
                         {MOST_INVITATIONS} wait for an answer at most."
                    ),
                ));
            }
            tickets::put(&context_in, conn, &ticket, &format!("ticket:{}", ticket.id))?;
            tickets::note(&context_in, conn, actor, "ticket.issued", &ticket)?;
            Ok(ticket)
        },
        |conn, id| db::tickets::find(conn, id.into())?.ok_or(Error::NotFound),
    )
    .await
}

/// Holds everybody else who changes the people of a firm up until the open
/// transaction ends, and makes sure that the caller may still do it.
pub(super) fn still_may_write(
    conn: &mut Conn,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<(), Error> {
    db::organizations::lock(conn, organization)?;
    let memberships = match db::users::disabled_at(conn, caller.id())? {
        None => db::users::memberships(conn, caller.id())?,
        Some(_) => Vec::new(),
    };
    may_write(&Caller::new(caller.user.clone(), memberships), organization)
}

/// None of the operator's people gives themselves a part, at the operator's or
/// in a firm: who keeps the accounts is not to read what firms say.
fn refuse_own_part(
    caller: &Caller,
    organization: OrganizationId,
    of: OrganizationKind,
    own: bool,
) -> Result<(), Error> {
    let owns = caller
        .memberships
        .iter()
        .any(|part| part.organization == organization && part.role == Role::Owner);
    if own && (of == OrganizationKind::Operator || !owns) {
        return Err(Error::refused(
            "own_part",
            "Somebody else gives one of the operator's people a part.",
        ));
    }
    Ok(())
}

/// The kind of a firm in which there is such a part.
fn check_role(
    conn: &mut Conn,
    organization: OrganizationId,
    role: Role,
) -> Result<OrganizationKind, Error> {
    let firm = live_firm(conn, organization)?;
    if role.fits(firm.details.kind) {
        return Ok(firm.details.kind);
    }
    let mut faults = Faults::new();
    let detail = match firm.details.kind {
        OrganizationKind::Operator => {
            "The operator's people are curator, compliance, admin or auditor."
        }
        _ => "A firm's people are owner, editor or viewer.",
    };
    faults.push("/role", "role_does_not_fit", detail);
    Err(faults.into())
}

/// The parts of somebody in a firm; not found for a stranger to it.
fn parts(
    conn: &mut Conn,
    person: UserId,
    organization: OrganizationId,
) -> Result<Vec<Membership>, Error> {
    let mut parts = db::users::memberships(conn, person)?;
    parts.retain(|own| own.organization == organization);
    if parts.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(parts)
}

/// Refuses to leave a firm without anybody who can let people in.
pub(super) fn keep_a_keeper(
    conn: &mut Conn,
    organization: OrganizationId,
    kind: OrganizationKind,
    leaver: UserId,
) -> Result<(), Error> {
    let keeper = match kind {
        OrganizationKind::Operator => Role::Admin,
        _ => Role::Owner,
    };
    let members = db::users::members(conn, organization)?;
    let is_one = members
        .iter()
        .any(|(user, role)| user.id == leaver && *role == keeper);
    let others = members
        .iter()
        .any(|(user, role)| user.id != leaver && *role == keeper);
    if is_one && !others {
        return Err(Error::refused(
            "last_keeper",
            "Nobody else could let people in; give somebody that part first.",
        ));
    }
    Ok(())
}

/// Gives somebody in a firm another part, in place of all they had there.
pub async fn change_role(
    context: &Context,
    caller: &Caller,
    (organization, person): (OrganizationId, UserId),
    expected: Option<i64>,
    role: Role,
) -> Result<Member, Error> {
    may_write(caller, organization)?;
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            still_may_write(conn, &caller, organization)?;
            let of = check_role(conn, organization, role)?;
            refuse_own_part(&caller, organization, of, person == caller.id())?;
            let parts = parts(conn, person, organization)?;
            // Whose account is closed has a part all the same.
            let read = db::users::member(conn, organization, person)?;
            if let Some(read) = &read {
                check_version(expected, version(read))?;
            }
            if let Some(read) = read.filter(|_| parts.iter().all(|own| own.role == role)) {
                return Ok(read);
            }
            for own in &parts {
                keep_a_keeper(conn, organization, own.kind, person)?;
                db::users::remove_membership(conn, person, organization, own.role)?;
            }
            let now = context_in.now();
            db::users::insert_membership(conn, person, organization, role, now)?;
            if !matches!(role, Role::Owner | Role::Admin) {
                db::tickets::revoke_sent_by(conn, person, organization, now)?;
            }
            if !notices::answers_for(role) {
                // Who only reads answers nothing any more.
                leave_work(&context_in, conn, organization, person, None)?;
            }
            let from = parts.iter().map(|own| own.role.code().to_owned()).collect();
            context_in.pen(caller.actor()).append(
                conn,
                "user.role_changed",
                (SubjectKind::User, person),
                vec![
                    ("organization", Value::Id(organization.uuid())),
                    ("from", Value::Codes(from)),
                    ("to", code(role.code())),
                ],
            )?;
            let pen = context_in.pen(caller.actor());
            let kind = "organization.member_role_changed";
            note_part(conn, &pen, kind, organization, person, role)?;
            notices::tell_news(&context_in, conn, person, News::RolesChanged)?;
            let user = db::users::find(conn, person)?.ok_or(Error::NotFound)?;
            Ok(Member {
                user,
                parts: vec![(role, now)],
            })
        })
        .await
}

/// Ends somebody's part in a firm, at once: their own leaving, or an owner's
/// decision. What waits for them there goes to `successor`, or to the first
/// colleague who may answer for the firm.
///
/// # Errors
/// [`Error::StaleVersion`] where their part is another one than `expected`, of
/// somebody whose account is open.
pub async fn remove(
    context: &Context,
    caller: &Caller,
    (organization, person): (OrganizationId, UserId),
    expected: Option<i64>,
    successor: Option<UserId>,
) -> Result<(), Error> {
    may_remove(caller, organization, person)?;
    let context_in = context.clone();
    let caller = caller.clone();
    let actor = caller.actor();
    context
        .db
        .write(move |conn| {
            if person == caller.id() {
                db::organizations::lock(conn, organization)?;
            } else {
                still_may_write(conn, &caller, organization)?;
            }
            let parts = parts(conn, person, organization)?;
            // Whose account is closed has a part all the same.
            if let Some(read) = db::users::member(conn, organization, person)? {
                check_version(expected, version(&read))?;
            }
            for own in parts {
                keep_a_keeper(conn, organization, own.kind, person)?;
                db::users::remove_membership(conn, person, organization, own.role)?;
            }
            db::tickets::revoke_sent_by(conn, person, organization, context_in.now())?;
            let moved = leave_work(&context_in, conn, organization, person, successor)?;
            context_in.pen(actor).append(
                conn,
                "user.left",
                (SubjectKind::User, person),
                vec![
                    ("organization", Value::Id(organization.uuid())),
                    ("handed_over", Value::Int(i64::try_from(moved).unwrap_or(0))),
                ],
            )?;
            notices::tell_news(&context_in, conn, person, News::RolesChanged)
        })
        .await
}

/// Notes in the history of a firm who plays which part there: its owners read
/// that, whoever let them in.
pub(super) fn note_part(
    conn: &mut Conn,
    pen: &Pen,
    kind: &'static str,
    organization: OrganizationId,
    person: UserId,
    role: Role,
) -> Result<(), Error> {
    pen.append(
        conn,
        kind,
        (SubjectKind::Organization, organization),
        vec![
            ("person", Value::Id(person.uuid())),
            ("role", code(role.code())),
        ],
    )
}

/// Hands the open work of somebody in a firm to a colleague.
pub(super) fn leave_work(
    context: &Context,
    conn: &mut Conn,
    organization: OrganizationId,
    person: UserId,
    successor: Option<UserId>,
) -> Result<usize, Error> {
    let mut able = db::users::members(conn, organization)?
        .into_iter()
        .filter(|(user, role)| user.id != person && notices::answers_for(*role))
        .map(|(user, _)| user.id);
    let to = match successor {
        Some(wanted) => Some(able.find(|able| *able == wanted).ok_or_else(|| {
            Error::refused(
                "successor_cannot",
                "The successor must be an owner or editor of the firm.",
            )
        })?),
        None => able.next(),
    };
    match to {
        Some(to) => hand_over(context, conn, organization, person, to),
        None => Ok(0),
    }
}
