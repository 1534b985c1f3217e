//! What is to be done about deals, each task for those who learn of it; to
//! anybody else it is as if it were not there.

use uuid::Uuid;

pub use crate::db::deal_tasks::Filter;
use crate::db::events::{self, Kinds};
use crate::db::page::Page;
use crate::db::{self, Conn, deal_tasks};
use crate::domain::deal_work::{
    Camp, DealTask, Marks, NoteState, TaskAction, TaskDetails, TaskStatus, TextPlace, Visibility,
    step_task,
};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::{DealId, DealTaskId, UserId};
use crate::domain::permission::Operation;
use crate::domain::pipeline::Deal;
use crate::domain::refusal::Refusal;
use crate::domain::values::OrganizationKind;
use crate::services::once::write_once;
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, Intent};

use super::held::{self, Veiled};
use super::notes::{camp_of, log, readable, reader_of, writable};

/// What tells who came to a firm.
const JOINED: Kinds = Kinds::Only(&["organization.member_joined"]);
/// As many of them are looked for.
const MOST_JOINED: usize = 1_000;

/// The tasks of a deal that the caller learns of, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<DealTask>, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("deal tasks {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let deal = readable(conn, &caller_in, filter.deal)?;
            let reader = reader_of(&context_in, conn, &caller_in, &deal)?;
            let veiled = Veiled::of(conn, &deal, &reader)?.tasks;
            Ok(deal_tasks::list(
                conn, &filter, &reader, &veiled, cursor, limit,
            )?)
        },
        |task| after(task.created_at, task.id),
    )
    .await
}

/// A task that the caller learns of, with its deal.
pub(in crate::services) fn load_known(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: DealTaskId,
) -> Result<(DealTask, Deal), Error> {
    let task = deal_tasks::find(conn, id)?.ok_or(Error::NotFound)?;
    let deal = readable(conn, caller, task.deal)?;
    let reader = reader_of(context, conn, caller, &deal)?;
    let veiled = Veiled::of(conn, &deal, &reader)?.tasks.contains(&id);
    if reader.learns_of(&task.marks()) && !veiled {
        Ok((task, deal))
    } else {
        Err(Error::NotFound)
    }
}

/// One task.
pub async fn find(context: &Context, caller: &Caller, id: DealTaskId) -> Result<DealTask, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .look_up(move |conn| load_known(&context_in, conn, &caller, id).map(|(task, _)| task))
        .await
}

/// On whose timelines it stands what happened to a task that the caller learns
/// of: its deal's where both sides know of it by now, else that of each of the
/// people who may do it or might before they left.
pub async fn told_at(
    context: &Context,
    caller: &Caller,
    id: DealTaskId,
) -> Result<(SubjectKind, Vec<Uuid>), Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    let read = move |conn: &mut Conn| -> Result<(SubjectKind, Vec<Uuid>), Error> {
        let (task, deal) = load_known(&context_in, conn, &caller, id)?;
        let firm = match (told_to(conn, &task)?, task.camp) {
            (Visibility::Both, _) => return Ok((SubjectKind::Deal, vec![deal.id.uuid()])),
            (Visibility::Private, _) => None,
            (Visibility::Team, Camp::Startup) => Some(deal.startup),
            (Visibility::Team, Camp::Investor) => Some(deal.investor),
            (Visibility::Team, Camp::Operator) => {
                caller.organizations(OrganizationKind::Operator).next()
            }
        };
        let mut people = vec![task.author.uuid()];
        if let Some(firm) = firm {
            let members = db::users::members(conn, firm)?.into_iter();
            people.extend(members.map(|(user, _)| user.id.uuid()));
            let (firm, joined) = (Subject::new(SubjectKind::Organization, firm), JOINED);
            let joined = events::timeline_of(conn, firm, joined, 0, MOST_JOINED)?;
            let facts = joined.into_iter().flat_map(|event| event.payload);
            people.extend(facts.filter_map(|(key, value)| match value {
                Value::Id(person) if key == "person" => Some(person),
                _ => None,
            }));
        }
        Ok((SubjectKind::User, people))
    };
    context.db.read(read).await
}

/// Makes a task. What both sides are to read is screened.
pub async fn make(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DealId,
    details: TaskDetails,
) -> Result<DealTask, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let deal = writable(conn, &caller_in, id)?;
            let camp = camp_of(&caller_in, &deal)?;
            let now = context_in.now();
            let task = DealTask {
                id: context_in.new_id(),
                deal: id,
                details,
                author: caller_in.id(),
                camp,
                status: TaskStatus::Open,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let state = check(&context_in, conn, &caller_in, &deal, &task)?;
            deal_tasks::insert(conn, &task)?;
            if state == NoteState::Waiting {
                let (whose, place) = ((&deal, camp), TextPlace::Task(task.id));
                let title = &task.details.title;
                held::keep(&context_in, conn, &caller_in, whose, &place, title)?;
            } else {
                note(&context_in, conn, &caller_in, &task, None)?;
            }
            Ok(task)
        },
        move |conn, id| {
            let found = load_known(&context_again, conn, &caller_again, id.into())?;
            Ok(found.0)
        },
    )
    .await
}

fn check(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    task: &DealTask,
) -> Result<NoteState, Error> {
    let details = &task.details;
    details.faults(task.author, task.camp).finish()?;
    let state = match details.visibility {
        Visibility::Both => {
            held::first_state(context, conn, caller, deal, &[details.title.as_str()])?
        }
        Visibility::Private | Visibility::Team => NoteState::Shown,
    };
    if let Some(person) = details.person {
        // Who works for the other side is the other side's to say.
        let own =
            task.camp == details.assignee || caller.reads_all_of(&[deal.startup, deal.investor]);
        if !own || !is_one_of(conn, person, details.assignee, deal)? {
            let mut faults = crate::domain::fault::Faults::new();
            let detail = "They are not one of those who are to do it.";
            faults.push("/person", "not_one_of_them", detail);
            return Err(faults.into());
        }
    }
    Ok(state)
}

fn is_one_of(conn: &mut Conn, person: UserId, camp: Camp, deal: &Deal) -> Result<bool, Error> {
    let parts = db::users::memberships(conn, person)?;
    Ok(parts.iter().any(|part| match camp {
        Camp::Startup => part.organization == deal.startup,
        Camp::Investor => part.organization == deal.investor,
        Camp::Operator => part.kind == OrganizationKind::Operator,
    }))
}

fn note(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    task: &DealTask,
    action: Option<TaskAction>,
) -> Result<(), Error> {
    let mut facts = vec![
        ("task", Value::Id(task.id.uuid())),
        ("title", Value::hash_of(&task.details.title)),
        ("due", Value::Date(task.details.due)),
        ("assignee", code(task.details.assignee.code())),
        ("to", code(task.status.code())),
    ];
    facts.extend(action.map(|action| ("action", code(action.code()))));
    let told = Marks {
        visibility: told_to(conn, task)?,
        ..task.marks()
    };
    log(context, conn, caller, "task", task.deal, &told, facts)
}

/// Who learns of a task now: one that waits, or was kept from the other side, is
/// its author's people's meanwhile.
fn told_to(conn: &mut Conn, task: &DealTask) -> Result<Visibility, Error> {
    let place = TextPlace::Task(task.id);
    Ok(if Veiled::hides(conn, task.deal, &place)? {
        Visibility::Team
    } else {
        task.details.visibility
    })
}

/// Changes what an open task says, for those who asked for it.
pub async fn change(
    context: &Context,
    caller: &Caller,
    id: DealTaskId,
    expected: Option<i64>,
    revise: impl FnOnce(&TaskDetails) -> Result<TaskDetails, Error> + Send + 'static,
) -> Result<DealTask, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let (before, deal) = load_known(&context_in, conn, &caller, id)?;
            caller.may(Operation::MoveDeal, &[deal.startup, deal.investor])?;
            check_version(expected, before.version)?;
            if camp_of(&caller, &deal)? != before.camp {
                return Err(Error::Forbidden);
            }
            if before.status != TaskStatus::Open {
                return Err(Refusal::no_transition("change").into());
            }
            let after = DealTask {
                details: revise(&before.details)?,
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before.clone()
            };
            if after.details.visibility != before.details.visibility {
                return Err(Error::refused(
                    "visibility_fixed",
                    "Who learns of a task is said once; make another one.",
                ));
            }
            let state = check(&context_in, conn, &caller, &deal, &after)?;
            let after = title_or_wait(&context_in, conn, &caller, &deal, (&before, after), state)?;
            store(conn, &after)?;
            note(&context_in, conn, &caller, &after, None)?;
            Ok(after)
        })
        .await
}

/// A changed task as it stands from now on. Another title that has to be read
/// first waits beside the present one; one that needn't takes the place of what
/// waits.
fn title_or_wait(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    (before, mut after): (&DealTask, DealTask),
    state: NoteState,
) -> Result<DealTask, Error> {
    if after.details.title == before.details.title {
        return Ok(after);
    }
    let (whole, other) = (TextPlace::Task(after.id), TextPlace::TaskTitle(after.id));
    let waits_whole = Veiled::hides(conn, deal.id, &whole)?;
    if state != NoteState::Waiting {
        db::deal_notes::replace(conn, deal.id, &whole)?;
        db::deal_notes::replace(conn, deal.id, &other)?;
        return Ok(after);
    }
    let place = if waits_whole { whole } else { other };
    let title = after.details.title.clone();
    held::keep(context, conn, caller, (deal, after.camp), &place, &title)?;
    if !waits_whole {
        after.details.title.clone_from(&before.details.title);
    }
    Ok(after)
}

/// Has both sides learn of a task that was let through, or of its new title.
pub(super) fn let_through(
    context: &Context,
    conn: &mut Conn,
    id: DealTaskId,
    title: Option<String>,
) -> Result<(), Error> {
    let mut task = deal_tasks::find(conn, id)?.ok_or(Error::NotFound)?;
    if let Some(title) = title {
        task.details.title = title;
        task.version += 1;
        task.updated_at = context.now();
        store(conn, &task)?;
    }
    let facts = vec![
        ("task", Value::Id(task.id.uuid())),
        ("title", Value::hash_of(&task.details.title)),
        ("due", Value::Date(task.details.due)),
        ("assignee", code(task.details.assignee.code())),
        ("to", code(task.status.code())),
        ("visibility", code(task.details.visibility.code())),
        ("as", code(task.camp.code())),
    ];
    let pen = context.pen(Actor::System);
    pen.append(conn, "deal.task_set", (SubjectKind::Deal, task.deal), facts)
}

/// Says that a task is done, no longer wanted, or to be done after all.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DealTaskId,
    expected: Option<i64>,
    action: TaskAction,
) -> Result<DealTask, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let (before, deal) = load_known(&context_in, conn, &caller_in, id)?;
            caller_in.may(Operation::MoveDeal, &[deal.startup, deal.investor])?;
            check_version(expected, before.version)?;
            let camps = camps_of(&caller_in, &deal);
            let status = step_task(&before, action, &camps).map_err(|refusal| {
                if refusal.is_about_capacity() {
                    Error::Forbidden
                } else {
                    refusal.into()
                }
            })?;
            let after = DealTask {
                status,
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before
            };
            store(conn, &after)?;
            note(&context_in, conn, &caller_in, &after, Some(action))?;
            Ok(after)
        },
        move |conn, id| {
            let found = load_known(&context_again, conn, &caller_again, id.into())?;
            Ok(found.0)
        },
    )
    .await
}

fn camps_of(caller: &Caller, deal: &Deal) -> Vec<Camp> {
    let hats = caller.hats(deal.startup, deal.investor).into_iter();
    hats.filter_map(Camp::of).collect()
}

/// What the caller can do with a task that they learn of.
pub(in crate::services) fn open_to(
    caller: &Caller,
    task: &DealTask,
    deal: &Deal,
) -> Vec<(&'static str, Option<Refusal>)> {
    let camps = camps_of(caller, deal);
    let actions = TaskAction::ALL.iter();
    let open = actions.filter(|action| step_task(task, **action, &camps).is_ok());
    open.map(|action| (action.code(), None)).collect()
}

/// What can be done with a task now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: DealTaskId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .read(move |conn| {
            let (task, deal) = load_known(&context_in, conn, &caller, id)?;
            Ok(open_to(&caller, &task, &deal))
        })
        .await
}

fn store(conn: &mut Conn, task: &DealTask) -> Result<(), Error> {
    if deal_tasks::update(conn, task)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}
