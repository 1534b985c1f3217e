//! The MoU of a programme: texts, signatures, notice, renewal, comments. The
//! programme's own machine asks here before it moves.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::agreements;
use crate::db::{self, Conn};
use crate::domain::agreement::{Agreement, Signatory, Signing};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::programme::{
    PartyRole, Programme, ProgrammeAction, ProgrammeDetails, ProgrammeReason, ProgrammeStatus, step,
};

use super::agreement_texts::{check_read, screen, unread, veil};
use super::commitments::{parties, readable};
use super::held_texts::{Waiting, may_stand};
use super::log::Pen;
use super::once::{Recorded, write_once, write_once_or_refuse};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, due, held_texts, programmes, succession};

/// An agreement with where its programme stands.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The programme.
    pub programme: Programme,
    /// What its parties agree on.
    pub agreement: Agreement,
    /// The programme that goes on from it.
    pub successor: Option<ProgrammeId>,
    /// Why it was declined, suspended or terminated, the latest first; for the
    /// operator's people.
    pub reasons: Vec<ProgrammeReason>,
    /// What of it waits for compliance, as far as its reader knows.
    pub waiting: Waiting,
}

impl Recorded for Seen {
    fn id(&self) -> Uuid {
        self.programme.id.uuid()
    }

    fn version(&self) -> i64 {
        self.programme.version
    }
}

fn see(conn: &mut Conn, programme: Programme) -> Result<Seen, Error> {
    Ok(Seen {
        agreement: agreements::load(conn, programme.id)?,
        successor: agreements::successor(conn, programme.id)?,
        reasons: Vec::new(),
        waiting: Waiting::default(),
        programme,
    })
}

/// The same with what of it waits for compliance, as far as the caller knows.
pub(super) fn see_all(
    conn: &mut Conn,
    caller: &Caller,
    programme: Programme,
) -> Result<Seen, Error> {
    let waiting = Waiting::read(conn, caller, TextOf::Programme(programme.id))?;
    Ok(Seen {
        waiting,
        ..see(conn, programme)?
    })
}

/// Most reasons that are read with a programme.
const REASONS: i64 = 50;

/// What the parties of a programme agree on, for them and the operator's
/// people.
pub async fn find(context: &Context, caller: &Caller, id: ProgrammeId) -> Result<Seen, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let programme = readable(conn, &caller, id)?;
            let mut seen = see(conn, programme)?;
            seen.waiting = Waiting::read(conn, &caller, TextOf::Programme(id))?;
            if caller.reads_everything() {
                seen.reasons = db::programme_reasons::of(conn, id, REASONS)?;
            } else {
                veil(conn, &mut seen.agreement)?;
            }
            Ok(seen)
        })
        .await
}

/// Writes what the parties are to agree on, in place of what was written
/// before, for curators. Texts that were agreed are open again with it, and
/// the programme is in negotiation; once signing began nothing is changed.
pub async fn write(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
    expected: Option<i64>,
    written: Agreement,
) -> Result<Seen, Error> {
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            let before = readable(conn, &caller, id)?;
            caller.may(Operation::WriteProgramme, &[])?;
            check_version(expected, before.version)?;
            Agreement::check_writable(before.status)?;
            written.faults(&parties(&before)).finish()?;
            for (place, signatory) in written.signatories.iter().enumerate() {
                let title = signatory.title.as_deref().unwrap_or_default();
                for (field, words) in [("name", signatory.name.as_str()), ("title", title)] {
                    let pointer = format!("/signatories/{place}/{field}");
                    held_texts::refuse(&context_in, &pointer, words)?;
                }
            }
            let kept = agreements::load(conn, id)?;
            let mut agreement = Agreement {
                programme: id,
                predecessor: kept.predecessor,
                agreed: kept.agreed,
                ..written
            };
            screen(&context_in, conn, &caller, (&kept, &agreement))?;
            // Notice and signatories are not what was agreed word by word, but
            // whoever signs signs a programme whose terms stand still.
            agreement.reopen();
            agreements::store(conn, &agreement)?;
            let pen = context_in.pen(caller.actor());
            let after = reopened(&context_in, conn, &pen, before)?;
            let languages = agreement.texts.keys().map(ToString::to_string);
            pen.append(
                conn,
                "programme.text_written",
                (SubjectKind::Programme, id),
                vec![
                    ("languages", Value::Codes(languages.collect())),
                    ("texts", Value::Hash(agreement.digest())),
                    ("notice_days", Value::Int(i64::from(agreement.notice_days))),
                ],
            )?;
            let mut seen = see(conn, after)?;
            seen.waiting = Waiting::read(conn, &caller, TextOf::Programme(id))?;
            Ok(seen)
        })
        .await
}

/// Changes what a programme says of itself, for curators, as long as it isn't
/// being signed. Texts that were agreed are open again with it.
pub async fn amend(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
    expected: Option<i64>,
    (details, scope_said): (ProgrammeDetails, bool),
) -> Result<Programme, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let before = readable(conn, &caller, id)?;
            caller.may(Operation::WriteProgramme, &[])?;
            check_version(expected, before.version)?;
            Agreement::check_writable(before.status)?;
            if details.slug != before.details.slug {
                return Err(Error::refused(
                    "slug_kept",
                    "A programme keeps its slug, by which files and addresses name it.",
                ));
            }
            programmes::check_parties(conn, &details)?;
            if details.title != before.details.title {
                held_texts::refuse(&context_in, "/title", details.title.as_str())?;
            }
            let mut agreement = agreements::load(conn, id)?;
            if let Some(predecessor) = agreement.predecessor {
                check_later(&details, &programmes::load(conn, predecessor)?)?;
            }
            let mut details = details;
            let scope = (&mut details, Some(&before), scope_said);
            programmes::scope_or_wait(&context_in, conn, &caller, id, scope)?;
            let amended = Programme { details, ..before };
            if !agreement.texts.is_empty() {
                agreement.faults(&parties(&amended)).finish()?;
            }
            agreement.reopen();
            agreements::store(conn, &agreement)?;
            let pen = context_in.pen(caller.actor());
            let after = reopened(&context_in, conn, &pen, amended)?;
            pen.append(
                conn,
                "programme.amended",
                (SubjectKind::Programme, id),
                vec![
                    ("title", Value::hash_of(after.details.title.as_str())),
                    ("starts_on", Value::Date(after.details.starts_on)),
                    ("ends_on", Value::Date(after.details.ends_on)),
                ],
            )?;
            Ok(after)
        })
        .await
}

/// A programme that goes on ends after the one before it.
fn check_later(details: &ProgrammeDetails, before: &Programme) -> Result<(), Error> {
    if details.ends_on > before.details.ends_on {
        return Ok(());
    }
    Err(Error::refused(
        "no_later_end",
        "A programme that goes on ends after the one before it.",
    ))
}

/// The programme with a new version: back in negotiation when its texts were
/// agreed.
fn reopened(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    before: Programme,
) -> Result<Programme, Error> {
    let action = ProgrammeAction::Negotiate;
    let today = context.now().date_naive();
    let status = match before.status {
        ProgrammeStatus::TextAgreed => step(&before, action, Hat::Curator, today)?,
        other => other,
    };
    let moved = status != before.status;
    let from = before.status;
    let after = Programme {
        status,
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    programmes::store(conn, &after)?;
    if moved {
        programmes::log_move(conn, pen, &after, action, from, None)?;
    }
    Ok(after)
}

/// The parties that sign.
fn signing(programme: &Programme) -> Vec<OrganizationId> {
    let parties = programme.details.parties.iter();
    let signing = parties.filter(|party| party.role == PartyRole::Signatory);
    signing.map(|party| party.organization).collect()
}

/// What a step of the programme's machine means for its agreement: agreeing
/// freezes the texts, signing and coming into force need them as they were
/// agreed, with all signatures.
pub(super) fn follow(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    programme: &Programme,
    action: ProgrammeAction,
) -> Result<(), Error> {
    let mut agreement = agreements::load(conn, programme.id)?;
    match action {
        ProgrammeAction::AgreeText => {
            agreement.check_written()?;
            check_read(conn, &agreement)?;
            agreement.faults(&parties(programme)).finish()?;
            agreement.agreed = Some(agreement.digest());
            agreements::store(conn, &agreement)?;
            pen.append(
                conn,
                "programme.text_frozen",
                (SubjectKind::Programme, programme.id),
                vec![("texts", Value::Hash(agreement.digest()))],
            )
        }
        ProgrammeAction::StartSigning => {
            agreement.check_intact()?;
            Ok(agreement.check_signatories(&signing(programme))?)
        }
        ProgrammeAction::Activate => {
            agreement.check_intact()?;
            agreement.check_signatories(&signing(programme))?;
            agreement.check_signed()?;
            match agreement.predecessor {
                Some(before) => succession::succeed(context, conn, pen, programme, before),
                None => Ok(()),
            }
        }
        ProgrammeAction::Negotiate if agreement.agreed.is_some() => {
            agreement.reopen();
            Ok(agreements::store(conn, &agreement)?)
        }
        _ => Ok(()),
    }
}

/// What a party's signatory did.
#[derive(Debug, Clone)]
pub struct NewSigning {
    /// Which party.
    pub organization: OrganizationId,
    /// What came of it; the digest is filled in here.
    pub signing: Signing,
}

/// Records that a party signed or declined, in the agreed order, for curators.
/// A party that declines ends the signing, and who and why stays on record.
pub async fn record_signing(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    expected: Option<i64>,
    new: NewSigning,
) -> Result<Seen, Error> {
    let context_in = context.clone();
    let (caller_in, caller_again) = (caller.clone(), caller.clone());
    write_once_or_refuse(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = readable(conn, &caller_in, id)?;
            caller_in.may(Operation::WriteProgramme, &[])?;
            check_version(expected, before.version)?;
            if before.status != ProgrammeStatus::Signing {
                return Err(crate::domain::refusal::Refusal::no_transition("sign").into());
            }
            let signs = matches!(new.signing, Signing::Signed { .. });
            if signs && let Some(waits) = unread(&context_in, conn, &caller_in, &before)? {
                return Ok(Err(waits));
            }
            sign(&context_in, conn, &caller_in, before, new).map(Ok)
        },
        move |conn, id| {
            let programme = readable(conn, &caller_again, id.into())?;
            see(conn, programme)
        },
    )
    .await
}

fn sign(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    before: Programme,
    new: NewSigning,
) -> Result<Seen, Error> {
    let now = context.now();
    let pen = context.pen(caller.actor());
    let NewSigning {
        organization,
        mut signing,
    } = new;
    let mut agreement = agreements::load(conn, before.id)?;
    let of_texts = agreement.digest();
    if let Signing::Signed { digest, .. } = &mut signing {
        *digest = of_texts;
    }
    let place = HeldPlace::Signing(organization);
    match &mut signing {
        Signing::Signed {
            evidence: words, ..
        }
        | Signing::Declined { reason: words } => {
            let place = (TextOf::Programme(before.id), &place);
            if !may_stand(context, conn, caller, place, words, None)? {
                words.clear();
            }
        }
        Signing::Pending => {}
    }
    agreement.sign(organization, signing.clone(), (caller.id(), now))?;
    agreements::store(conn, &agreement)?;
    let mut facts = vec![
        ("organization", Value::Id(organization.uuid())),
        ("signing", code(signing.code())),
        ("texts", Value::Hash(of_texts)),
    ];
    match &signing {
        Signing::Signed { level, on, .. } => {
            facts.push(("level", code(level.code())));
            facts.push(("signed_on", Value::Date(*on)));
        }
        Signing::Declined { reason } if !reason.is_empty() => {
            facts.push(("reason", Value::hash_of(reason)));
        }
        Signing::Declined { .. } => {}
        Signing::Pending => {}
    }
    let subject = (SubjectKind::Programme, before.id);
    pen.append(conn, "programme.signed", subject, facts)?;
    let declined = matches!(signing, Signing::Declined { .. });
    let from = before.status;
    let status = if declined {
        let today = now.date_naive();
        step(&before, ProgrammeAction::Decline, Hat::Curator, today)?
    } else {
        from
    };
    let after = Programme {
        status,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    programmes::store(conn, &after)?;
    if declined {
        programmes::log_move(conn, &pen, &after, ProgrammeAction::Decline, from, None)?;
        succession::follow(context, conn, &after, ProgrammeAction::Decline)?;
    }
    see_all(conn, caller, after)
}

/// Drafts the programme that goes on from one in force or just over: the same
/// parties, corridors, scope, texts and signatories, for a new term. It takes
/// the other's place when it comes into force.
pub async fn renew(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    term: impl FnOnce(&Programme) -> Result<ProgrammeDetails, Error> + Send + 'static,
) -> Result<Programme, Error> {
    let now = context.now();
    let new_id = context.new_id();
    let (caller_in, pen) = (caller.clone(), context.pen(caller.actor()));
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = readable(conn, &caller_in, id)?;
            caller_in.may(Operation::WriteProgramme, &[])?;
            check_renewable(conn, &before)?;
            let successor = Programme {
                id: new_id,
                details: term(&before)?,
                rule_set: before.rule_set,
                status: ProgrammeStatus::Draft,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            check_later(&successor.details, &before)?;
            if !db::programmes::insert(conn, &successor)? {
                return Err(Error::refused(
                    "slug_taken",
                    "Another programme has this slug.",
                ));
            }
            let mut agreement = agreements::load(conn, id)?;
            agreement.programme = new_id;
            agreement.predecessor = Some(id);
            agreement.reopen();
            agreements::store(conn, &agreement)?;
            pen.append(
                conn,
                "programme.created",
                (SubjectKind::Programme, new_id),
                vec![
                    ("rule_set", Value::Id(successor.rule_set.uuid())),
                    ("starts_on", Value::Date(successor.details.starts_on)),
                    ("ends_on", Value::Date(successor.details.ends_on)),
                    ("predecessor", Value::Id(id.uuid())),
                ],
            )?;
            pen.append(
                conn,
                "programme.renewal_drafted",
                (SubjectKind::Programme, id),
                vec![("successor", Value::Id(new_id.uuid()))],
            )?;
            Ok(successor)
        },
        move |conn, id| {
            let successor = programmes::load(conn, id.into())?;
            programmes::check_known(conn, &caller_again, &successor)?;
            Ok(successor)
        },
    )
    .await
}

fn check_renewable(conn: &mut Conn, before: &Programme) -> Result<(), Error> {
    use ProgrammeStatus as S;
    if !matches!(before.status, S::Active | S::Expiring | S::Expired) {
        return Err(crate::domain::refusal::Refusal::no_transition("renew").into());
    }
    if agreements::successor(conn, before.id)?.is_some() {
        return Err(Error::refused(
            "successor_exists",
            "Another programme goes on from this one already.",
        ));
    }
    Ok(())
}

/// Moves programmes into their notice and ends those whose last day is over;
/// answers how many.
pub async fn end_due(context: &Context) -> Result<usize, Error> {
    let (context_in, today) = (context.clone(), context.now().date_naive());
    due::each(
        context,
        "programme.end",
        |id: &ProgrammeId| id.uuid(),
        move |conn, limit| agreements::due_to_end(conn, today, limit),
        move |conn, id: &ProgrammeId| {
            let before = programmes::load(conn, *id)?;
            match due_action(conn, &before, today)? {
                Some(action) => programmes::move_by_system(&context_in, conn, before, action),
                // Another node was there first.
                None => Ok(()),
            }
        },
    )
    .await
}

/// What is due with a programme on that day.
fn due_action(
    conn: &mut Conn,
    programme: &Programme,
    today: NaiveDate,
) -> Result<Option<ProgrammeAction>, Error> {
    use ProgrammeStatus as S;
    let ends_on = programme.details.ends_on;
    Ok(match programme.status {
        S::Active | S::Expiring | S::Suspended if ends_on < today => Some(ProgrammeAction::Expire),
        S::Active => {
            let notice_on = agreements::load(conn, programme.id)?.notice_on(ends_on);
            (notice_on <= today).then_some(ProgrammeAction::GiveNotice)
        }
        _ => None,
    })
}

/// A signatory who has not signed yet.
pub fn pending(organization: OrganizationId, name: String, title: Option<String>) -> Signatory {
    Signatory {
        organization,
        name,
        title,
        signing: Signing::Pending,
        recorded: None,
    }
}
