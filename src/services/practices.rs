//! Practices: what one firm shows another, behind the gate. Curators propose
//! and offer, both firms agree, sessions are noted by whoever was there.

use uuid::Uuid;

use crate::db::page::Page;
pub use crate::db::practices::Filter;
use crate::db::{self, Conn, practices};
use crate::domain::calendar::latest_day;
use crate::domain::disclosure::{Decision, Level};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, PracticeId, ProgrammeId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::practice::{
    Held, Practice, PracticeAction, PracticePart, PracticeSession, PracticeStatus, step,
};
use crate::domain::refusal::Refusal;
use crate::domain::tag::Facet;
use crate::domain::text::Slug;

use super::disclosure::{Occasion, Showing, answer_about, record, refusal};
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, firms_gate, notices, programmes, screening};

/// An engagement as its reader sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The record.
    pub practice: Practice,
    /// What the giver is called.
    pub giver_name: String,
    /// What the taker is called.
    pub taker_name: String,
    /// How many sessions were held.
    pub sessions: i64,
}

/// What a curator proposes.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// About which topic.
    pub topic: Slug,
    /// Who shows it.
    pub giver: OrganizationId,
    /// Who learns it.
    pub taker: OrganizationId,
    /// What for.
    pub aim: String,
}

impl Recorded for PracticeSession {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was noted is never changed.
    fn version(&self) -> i64 {
        1
    }
}

/// Puts an engagement on record, for curators; neither firm knows of it yet.
pub async fn propose(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    proposal: Proposal,
) -> Result<Practice, Error> {
    // Nobody brokers for their own firm.
    caller.may(Operation::WritePractice, &[proposal.giver, proposal.taker])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            check(&context_in, conn, &proposal)?;
            let now = context_in.now();
            let practice = Practice {
                id: context_in.new_id(),
                programme: proposal.programme,
                topic: proposal.topic,
                giver: proposal.giver,
                taker: proposal.taker,
                aim: proposal.aim,
                status: PracticeStatus::Proposed,
                giver_agreed: false,
                taker_agreed: false,
                outcome: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            practices::insert(conn, &practice)?;
            let facts = vec![
                ("programme", Value::Id(practice.programme.uuid())),
                ("topic", code(practice.topic.as_str())),
                ("giver", Value::Id(practice.giver.uuid())),
                ("taker", Value::Id(practice.taker.uuid())),
                ("aim", Value::hash_of(&practice.aim)),
            ];
            let subject = (SubjectKind::Practice, practice.id);
            let pen = context_in.pen(caller_in.actor());
            pen.append(conn, "practice.proposed", subject, facts)?;
            Ok(practice)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Every fault of a proposal.
fn check(context: &Context, conn: &mut Conn, proposal: &Proposal) -> Result<(), Error> {
    let mut faults = Faults::new();
    if db::programmes::find(conn, proposal.programme)?.is_none() {
        faults.push("/programme", "unknown", "There is no such programme.");
    }
    for (pointer, firm) in [("/giver", proposal.giver), ("/taker", proposal.taker)] {
        if db::organizations::find(conn, firm)?.is_none() {
            faults.push(pointer, "unknown", "There is no such organization.");
        }
    }
    if proposal.giver == proposal.taker {
        let detail = "A firm shows nothing to itself.";
        faults.push("/taker", "same_as_giver", detail);
    }
    let topics = Facet::TransferTopic;
    let taxonomy = context.taxonomy();
    if taxonomy.facet_value(topics, &proposal.topic).is_none() {
        let detail = format!("“{}” is no transfer topic of the taxonomy.", proposal.topic);
        faults.push("/topic", "unknown_topic", detail);
    }
    faults.finish()?;
    screening::refuse_sensitive(context, "/aim", &proposal.aim)
}

fn load(conn: &mut Conn, id: PracticeId) -> Result<Practice, Error> {
    practices::find(conn, id)?.ok_or(Error::NotFound)
}

fn gate(context: &Context, conn: &mut Conn, practice: &Practice) -> Result<Decision, Error> {
    let account = firms_gate::of_practice(context, conn, practice, occasion(practice))?;
    Ok(account.decision)
}

const fn occasion(practice: &Practice) -> Occasion {
    if practice.giver_agreed && practice.taker_agreed {
        Occasion::Connected
    } else {
        Occasion::Running
    }
}

/// Whether a firm's people may read an engagement of theirs at this moment.
fn is_shown(context: &Context, conn: &mut Conn, practice: &Practice) -> Result<bool, Error> {
    if !practice.status.is_known() {
        return Ok(false);
    }
    Ok(gate(context, conn, practice)? == Decision::Allow)
}

/// An engagement that the caller may read now.
pub(super) fn load_readable(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: PracticeId,
) -> Result<Practice, Error> {
    let practice = load(conn, id)?;
    caller.may(Operation::ReadPractice, &practice.firms())?;
    if caller.reads_all_of(&practice.firms()) || is_shown(context, conn, &practice)? {
        Ok(practice)
    } else {
        Err(Error::NotFound)
    }
}

fn see(conn: &mut Conn, practice: Practice) -> Result<Seen, Error> {
    let name = |conn: &mut Conn, firm| -> Result<String, Error> {
        let firm = db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
        Ok(firm.details.display_name().to_string())
    };
    Ok(Seen {
        giver_name: name(conn, practice.giver)?,
        taker_name: name(conn, practice.taker)?,
        sessions: practices::count_sessions(conn, practice.id)?,
        practice,
    })
}

/// One engagement.
pub async fn find(context: &Context, caller: &Caller, id: PracticeId) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .look_up(move |conn| {
            let practice = load_readable(&context_in, conn, &caller, id)?;
            see(conn, practice)
        })
        .await
}

/// Engagements, oldest first: all for the operator's people, its own for a
/// firm. A page may be shorter than asked for: what the gate hides at this
/// moment is left out after the page was cut.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Seen>, Error> {
    filter.known_to = if caller.reads_everything() {
        None
    } else {
        let parts = caller.memberships.iter();
        let own: Vec<_> = parts.map(|part| part.organization).collect();
        caller.may(Operation::ReadPractice, &own)?;
        Some(own)
    };
    let context_in = context.clone();
    let all = caller.reads_everything();
    let page = read_page(
        context,
        format!("practices {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let found = practices::list(conn, &filter, cursor, limit)?;
            found
                .into_iter()
                .map(|practice| {
                    let shown = all || is_shown(&context_in, conn, &practice)?;
                    Ok((see(conn, practice)?, shown))
                })
                .collect()
        },
        |(seen, _): &(Seen, bool)| after(seen.practice.created_at, seen.practice.id),
    )
    .await?;
    let shown = page.items.into_iter().filter(|(_, shown)| *shown);
    Ok(Page {
        items: shown.map(|(seen, _)| seen).collect(),
        next: page.next,
    })
}

/// The caller's part in an engagement whose people they write for.
fn part_of(caller: &Caller, practice: &Practice) -> Option<PracticePart> {
    let writes = |firm| {
        let mut parts = caller.memberships.iter();
        parts.any(|part| part.organization == firm && notices::answers_for(part.role))
    };
    if writes(practice.giver) {
        Some(PracticePart::Giver)
    } else if writes(practice.taker) {
        Some(PracticePart::Taker)
    } else {
        None
    }
}

fn hat_of(caller: &Caller) -> Option<Hat> {
    let curator = caller.is(crate::domain::account::Role::Curator);
    curator.then_some(Hat::Curator)
}

/// Moves an engagement. Asking both firms, and a yes, need an open gate at this
/// moment; from the asking on the ledger says that each was shown to the other.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: PracticeId,
    expected: Option<i64>,
    action: PracticeAction,
    outcome: Option<String>,
) -> Result<Practice, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load_readable(&context_in, conn, &caller_in, id)?;
            caller_in.may(Operation::MovePractice, &before.firms())?;
            check_version(expected, before.version)?;
            if action == PracticeAction::Hold {
                return Err(Refusal::no_transition(action.code()).into());
            }
            let after = decided(&caller_in, &before, action)?;
            if matches!(action, PracticeAction::Offer | PracticeAction::Agree) {
                pass_gate(&context_in, conn, &caller_in, &before)?;
            }
            if let Some(text) = &outcome {
                screening::refuse_sensitive(&context_in, "/outcome", text)?;
            }
            let after = Practice {
                outcome: outcome.or(before.outcome.clone()),
                ..after
            };
            let after = commit(&context_in, conn, &caller_in, &before, after, action)?;
            if action == PracticeAction::Offer {
                show(&context_in, conn, &caller_in, &after)?;
            }
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

fn decided(caller: &Caller, before: &Practice, action: PracticeAction) -> Result<Practice, Error> {
    let decided = step(before, action, part_of(caller, before), hat_of(caller));
    decided.map_err(|refusal| {
        if refusal.is_about_capacity() {
            Error::Forbidden
        } else {
            refusal.into()
        }
    })
}

fn pass_gate(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    practice: &Practice,
) -> Result<(), Error> {
    let operator = caller.reads_everything();
    let rules = match gate(context, conn, practice)? {
        Decision::Allow => return Ok(()),
        Decision::Review { rules, .. } | Decision::Deny { rules } => rules,
    };
    if operator {
        return Err(refusal(&rules, None).into());
    }
    let detail = "This is not available in this programme.";
    Err(Error::refused("not_available", detail))
}

fn commit(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    before: &Practice,
    after: Practice,
    action: PracticeAction,
) -> Result<Practice, Error> {
    let after = Practice {
        version: before.version + 1,
        updated_at: context.now(),
        ..after
    };
    if !practices::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    let mut facts = vec![
        ("action", code(action.code())),
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
    ];
    facts.extend(part_of(caller, before).map(|part| ("as", code(part.code()))));
    if action == PracticeAction::Complete {
        let said = after.outcome.as_deref().map(Value::hash_of);
        facts.extend(said.map(|hash| ("outcome", hash)));
    }
    let subject = (SubjectKind::Practice, after.id);
    let pen = context.pen(caller.actor());
    pen.append(conn, "practice.moved", subject, facts)?;
    Ok(after)
}

/// Writes in the ledger that each firm is shown to the other.
fn show(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    practice: &Practice,
) -> Result<(), Error> {
    let pen = context.pen(caller.actor());
    let [giver, taker] = practice.firms();
    let subject = Subject::new(SubjectKind::Practice, practice.id);
    let by = answer_about(context, conn, subject, occasion(practice))?;
    for (shown, to) in [(giver, taker), (taker, giver)] {
        let showing = Showing {
            programme: practice.programme,
            shown,
            to,
            level: Level::Named,
            subject,
            opened: None,
        };
        record(context, conn, &pen, showing, &by)?;
    }
    Ok(())
}

/// What the caller can do with an engagement that they may read.
pub(super) fn open_to(caller: &Caller, practice: &Practice) -> Vec<&'static str> {
    let (part, hat) = (part_of(caller, practice), hat_of(caller));
    let actions = PracticeAction::ALL.iter().copied();
    actions
        .filter(|action| *action != PracticeAction::Hold)
        .filter(|action| step(practice, *action, part, hat).is_ok())
        .map(PracticeAction::code)
        .collect()
}

/// What can be done with an engagement now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: PracticeId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let practice = find(context, caller, id).await?.practice;
    let open = open_to(caller, &practice).into_iter();
    Ok(open.map(|action| (action, None)).collect())
}

/// Notes a session that was held, for both firms and for curators.
pub async fn hold(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: PracticeId,
    held: Held,
) -> Result<PracticeSession, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load_readable(&context_in, conn, &caller_in, id)?;
            caller_in.may(Operation::MovePractice, &before.firms())?;
            let after = decided(&caller_in, &before, PracticeAction::Hold)?;
            let programme = programmes::load(conn, before.programme)?;
            let now = context_in.now();
            held.faults(programme.details.starts_on, latest_day(now))
                .finish()?;
            for (pointer, text) in [("/feedback", &held.feedback), ("/evidence", &held.evidence)] {
                if let Some(text) = text {
                    screening::refuse_sensitive(&context_in, pointer, text)?;
                }
            }
            let firm = part_of(&caller_in, &before).map(|part| match part {
                PracticePart::Giver => before.giver,
                PracticePart::Taker => before.taker,
            });
            let session = PracticeSession {
                id: context_in.new_id(),
                practice: id,
                held,
                organization: firm,
                by: caller_in.id(),
                created_at: now,
            };
            practices::insert_session(conn, &session)?;
            if after.status != before.status {
                let action = PracticeAction::Hold;
                commit(&context_in, conn, &caller_in, &before, after, action)?;
            }
            log_session(&context_in, conn, &caller_in, &session)?;
            Ok(session)
        },
        |conn, id| practices::find_session(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

fn log_session(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    session: &PracticeSession,
) -> Result<(), Error> {
    let held = &session.held;
    let mut facts = vec![
        ("session", Value::Id(session.id)),
        ("held_on", Value::Date(held.on)),
        ("minutes", Value::Int(held.minutes.into())),
        ("attendees", Value::Int(held.attendees.into())),
    ];
    facts.extend(
        held.rating
            .map(|rating| ("rating", Value::Int(rating.into()))),
    );
    for (key, text) in [("feedback", &held.feedback), ("evidence", &held.evidence)] {
        facts.extend(text.as_deref().map(|text| (key, Value::hash_of(text))));
    }
    let subject = (SubjectKind::Practice, session.practice);
    let pen = context.pen(caller.actor());
    pen.append(conn, "practice.session_held", subject, facts)
}

/// The sessions of an engagement, in the order in which they were noted.
pub async fn sessions(
    context: &Context,
    caller: &Caller,
    id: PracticeId,
    page: PageRequest,
) -> Result<Page<PracticeSession>, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("practice sessions {id}"),
        page,
        move |conn, cursor, limit| {
            load_readable(&context_in, conn, &caller, id)?;
            Ok(practices::list_sessions(conn, id, cursor, limit)?)
        },
        |session| after(session.created_at, session.id),
    )
    .await
}

/// Takes back a session that was noted by mistake, with the names: for the
/// people of who noted it and for curators, until the engagement is over.
pub async fn take_back(
    context: &Context,
    caller: &Caller,
    id: PracticeId,
    session: Uuid,
) -> Result<(), Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let practice = load_readable(&context_in, conn, &caller, id)?;
            caller.may(Operation::MovePractice, &practice.firms())?;
            let found = practices::find_session(conn, session)?;
            let found = found.filter(|it| it.practice == id);
            let found = found.ok_or(Error::NotFound)?;
            let ours = found
                .organization
                .is_some_and(|firm| caller.belongs_to(firm));
            if !ours && hat_of(&caller).is_none() {
                return Err(Error::Forbidden);
            }
            if practice.status != PracticeStatus::Running {
                return Err(Refusal::no_transition("take_back").into());
            }
            practices::delete_session(conn, session)?;
            let subject = (SubjectKind::Practice, id);
            let facts = vec![("session", Value::Id(session))];
            let pen = context_in.pen(caller.actor());
            pen.append(conn, "practice.session_taken_back", subject, facts)
        })
        .await
}
