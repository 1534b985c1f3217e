//! The sessions of a practice: noted by whoever was there, for both firms.

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn, practices};
use crate::domain::calendar::latest_day;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::held_text::HeldPlace;
use crate::domain::ids::PracticeId;
use crate::domain::permission::Operation;
use crate::domain::practice::{Held, PracticeAction, PracticeSession, PracticeStatus};
use crate::domain::refusal::Refusal;

use super::held_texts::may_stand;
use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::practices::{commit, decided, firm_of, hat_of, load_readable, text_of};
use super::{Caller, Context, Error, Intent, programmes};

impl Recorded for PracticeSession {
    fn id(&self) -> Uuid {
        self.id
    }

    /// What was noted is never changed.
    fn version(&self) -> i64 {
        1
    }
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
    let (context_again, caller_again) = (context.clone(), caller.clone());
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
            let firm = firm_of(&caller_in, &before);
            let session_id = context_in.new_id();
            let mut held = held;
            let texts = [
                (HeldPlace::Feedback(session_id), &mut held.feedback),
                (HeldPlace::Adoption(session_id), &mut held.evidence),
            ];
            for (place, said) in texts {
                let place = (text_of(&before), &place);
                if let Some(text) = said.as_deref()
                    && !may_stand(&context_in, conn, &caller_in, place, text, firm)?
                {
                    *said = None;
                }
            }
            let session = PracticeSession {
                id: session_id,
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
        move |conn, session| {
            load_readable(&context_again, conn, &caller_again, id)?;
            practices::find_session(conn, session)?.ok_or(Error::NotFound)
        },
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
            for place in [HeldPlace::Feedback(session), HeldPlace::Adoption(session)] {
                db::held_texts::replace(conn, text_of(&practice), &place)?;
            }
            let subject = (SubjectKind::Practice, id);
            let facts = vec![("session", Value::Id(session))];
            let pen = context_in.pen(caller.actor());
            pen.append(conn, "practice.session_taken_back", subject, facts)
        })
        .await
}
