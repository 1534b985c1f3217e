//! Practices: what one firm shows another, behind the gate. Curators propose
//! and offer, both firms agree, sessions are noted by whoever was there.

use std::collections::BTreeSet;

use crate::db::page::Page;
pub use crate::db::practices::Filter;
use crate::db::{self, Conn, practices};
use crate::domain::disclosure::{Decision, Level};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{OrganizationId, PracticeId, ProgrammeId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::practice::{Practice, PracticeAction, PracticePart, PracticeStatus, step};
use crate::domain::refusal::Refusal;
use crate::domain::tag::Facet;
use crate::domain::text::Slug;

use super::disclosure::{Occasion, Showing, answer_about, record, refusal};
use super::held_texts::{Waiting, may_stand};
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
pub use super::practice_sessions::{hold, sessions, take_back};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, firms_gate, held_texts, notices};

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
    /// What of it waits for compliance, as far as its reader knows.
    pub waiting: Waiting,
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
            // The firms don't know of it; it isn't offered before its words are read.
            let place = (text_of(&practice), &HeldPlace::Aim);
            let aim = &practice.aim;
            may_stand(&context_in, conn, &caller_in, place, aim, None)?;
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
    Ok(faults.finish()?)
}

/// Whose texts those of an engagement are.
pub(super) const fn text_of(practice: &Practice) -> TextOf {
    TextOf::Practice(practice.id, practice.programme)
}

pub(super) fn load(conn: &mut Conn, id: PracticeId) -> Result<Practice, Error> {
    practices::find(conn, id)?.ok_or(Error::NotFound)
}

fn gate(context: &Context, conn: &mut Conn, practice: &Practice) -> Result<Decision, Error> {
    let account = firms_gate::of_practice(context, conn, practice, occasion(practice))?;
    Ok(account.decision)
}

pub(super) const fn occasion(practice: &Practice) -> Occasion {
    if practice.giver_agreed && practice.taker_agreed {
        Occasion::Connected
    } else {
        Occasion::Running
    }
}

/// Those of these engagements that the people of their firms may read at this
/// moment: the gate is asked about all of them together.
fn shown_among(
    context: &Context,
    conn: &mut Conn,
    found: &[Practice],
) -> Result<BTreeSet<PracticeId>, Error> {
    let mut shown = BTreeSet::new();
    for asked in [Occasion::Running, Occasion::Connected] {
        let some = found
            .iter()
            .filter(|one| one.status.is_known() && occasion(one) == asked);
        let some: Vec<Practice> = some.cloned().collect();
        let accounts = firms_gate::of_practices(context, conn, &some, asked)?;
        for (one, account) in some.iter().zip(accounts) {
            if account.decision == Decision::Allow {
                shown.insert(one.id);
            }
        }
    }
    Ok(shown)
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

pub(super) fn see(conn: &mut Conn, caller: &Caller, practice: Practice) -> Result<Seen, Error> {
    let waiting = Waiting::read(conn, caller, text_of(&practice))?;
    see_with(conn, practice, waiting)
}

fn see_with(conn: &mut Conn, practice: Practice, waiting: Waiting) -> Result<Seen, Error> {
    let name = |conn: &mut Conn, firm| -> Result<String, Error> {
        let firm = db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
        Ok(firm.details.display_name().to_string())
    };
    Ok(Seen {
        giver_name: name(conn, practice.giver)?,
        taker_name: name(conn, practice.taker)?,
        sessions: practices::count_sessions(conn, practice.id)?,
        waiting,
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
            see(conn, &caller, practice)
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
    let (context_in, caller) = (context.clone(), caller.clone());
    let all = caller.reads_everything();
    let page = read_page(
        context,
        format!("practices {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let found = practices::list(conn, &filter, cursor, limit)?;
            let shown = if all {
                BTreeSet::new()
            } else {
                shown_among(&context_in, conn, &found)?
            };
            let ids: Vec<PracticeId> = found.iter().map(|it| it.id).collect();
            let mut waiting = Waiting::read_practices(conn, &caller, &ids)?;
            found
                .into_iter()
                .map(|practice| {
                    let shown = all || shown.contains(&practice.id);
                    let waiting = waiting.remove(&practice.id).unwrap_or_default();
                    Ok((see_with(conn, practice, waiting)?, shown))
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
pub(super) fn part_of(caller: &Caller, practice: &Practice) -> Option<PracticePart> {
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

pub(super) fn hat_of(caller: &Caller) -> Option<Hat> {
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
    let (context_again, caller_again) = (context.clone(), caller.clone());
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
            if action == PracticeAction::Offer {
                check_words(conn, &before)?;
            }
            if matches!(action, PracticeAction::Offer | PracticeAction::Agree) {
                pass_gate(&context_in, conn, &caller_in, &before)?;
            }
            let outcome = match outcome {
                Some(text) => outcome_or_wait(&context_in, conn, &caller_in, &before, text)?,
                None => None,
            };
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
        move |conn, id| load_readable(&context_again, conn, &caller_again, id.into()),
    )
    .await
}

/// Nobody is offered an engagement before the words of its aim are read.
fn check_words(conn: &mut Conn, practice: &Practice) -> Result<(), Error> {
    if held_texts::is_kept(conn, text_of(practice), &[HeldPlace::Aim])? {
        return Err(held_texts::text_waits().into());
    }
    Ok(())
}

/// The firm for which the caller writes about an engagement; none for the
/// operator's people.
pub(super) fn firm_of(caller: &Caller, practice: &Practice) -> Option<OrganizationId> {
    part_of(caller, practice).map(|part| match part {
        PracticePart::Giver => practice.giver,
        PracticePart::Taker => practice.taker,
    })
}

/// What was adopted, where the other firm may read it at once.
fn outcome_or_wait(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    practice: &Practice,
    text: String,
) -> Result<Option<String>, Error> {
    let place = (text_of(practice), &HeldPlace::Outcome);
    let firm = firm_of(caller, practice);
    let stands = may_stand(context, conn, caller, place, &text, firm)?;
    Ok(stands.then_some(text))
}

pub(super) fn decided(
    caller: &Caller,
    before: &Practice,
    action: PracticeAction,
) -> Result<Practice, Error> {
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

/// Stores where an engagement went, and says so in the log.
pub(super) fn commit(
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

/// What the caller can do with an engagement that they may read, each with what
/// stands in its way.
pub(super) fn open_to(
    conn: &mut Conn,
    caller: &Caller,
    practice: &Practice,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let (part, hat) = (part_of(caller, practice), hat_of(caller));
    let mut open = Vec::new();
    for action in PracticeAction::ALL.iter().copied() {
        if action == PracticeAction::Hold || step(practice, action, part, hat).is_err() {
            continue;
        }
        let unread = action == PracticeAction::Offer
            && held_texts::is_kept(conn, text_of(practice), &[HeldPlace::Aim])?;
        open.push((action.code(), unread.then(held_texts::text_waits)));
    }
    Ok(open)
}

/// What can be done with an engagement now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: PracticeId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let practice = find(context, caller, id).await?.practice;
    let caller = caller.clone();
    let open = move |conn: &mut Conn| open_to(conn, &caller, &practice);
    context.db.read(open).await
}
