//! Words of a practice that compliance keeps from their place, said otherwise by
//! the people of who wrote them, also once the engagement is over: what was
//! adopted of it is worth telling then more than ever.

use crate::db::{Conn, practices};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::held_text::{HeldPlace, HeldText};
use crate::domain::ids::PracticeId;
use crate::domain::permission::Operation;
use crate::domain::practice::{Practice, PracticeStatus};

use super::held_texts::{self, may_stand};
use super::practices::{Seen, firm_of, hat_of, load_readable, see, text_of};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error};

/// Says otherwise what compliance keeps from a place, or has still to read. Words
/// that nobody has to read stand there at once, others wait in their stead.
///
/// # Errors
/// No such engagement that the caller may read; a refusal where nothing that their
/// side wrote is kept from that place.
pub async fn say_otherwise(
    context: &Context,
    caller: &Caller,
    (id, expected): (PracticeId, Option<i64>),
    place: HeldPlace,
    text: String,
) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    context
        .db
        .write(move |conn| {
            let before = load_readable(&context_in, conn, &caller, id)?;
            caller.may(Operation::MovePractice, &before.firms())?;
            check_version(expected, before.version)?;
            // Of two at once the second reads what the first left.
            if !practices::hold(conn, id, before.version)? {
                return Err(Error::StaleVersion);
            }
            check_theirs(conn, &caller, &before, (&place, &text))?;
            let firm = firm_of(&caller, &before);
            let of = (text_of(&before), &place);
            let stands = may_stand(&context_in, conn, &caller, of, &text, firm)?;
            let after = said(&context_in, conn, before, &place, (&text, stands))?;
            note(&context_in, conn, &caller, (id, &place), (&text, stands))?;
            see(conn, &caller, after)
        })
        .await
}

/// Says in the log what stands at its place from now on. The firms are told of no
/// aim but the one that they are asked with, nor that there was another.
fn note(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (id, place): (PracticeId, &HeldPlace),
    (text, stands): (&str, bool),
) -> Result<(), Error> {
    let text = ("text", Value::hash_of(text));
    let (kind, facts) = match place {
        HeldPlace::Aim => ("practice.aim_changed", vec![text]),
        _ if stands => {
            let facts = vec![("place", code(&place.to_string())), text];
            ("practice.text_told", facts)
        }
        _ => return Ok(()),
    };
    let pen = context.pen(caller.actor());
    pen.append(conn, kind, (SubjectKind::Practice, id), facts)
}

/// Refuses where nothing is kept that the caller's side wrote, or just these words
/// are; what another side wrote is as if it were not there.
fn check_theirs(
    conn: &mut Conn,
    caller: &Caller,
    practice: &Practice,
    (place, text): (&HeldPlace, &str),
) -> Result<(), Error> {
    let firm = firm_of(caller, practice);
    let operator = firm.is_none() && hat_of(caller).is_some();
    // The firms have read what an engagement is for once it was offered.
    let open = *place != HeldPlace::Aim || practice.status == PracticeStatus::Proposed;
    let is_theirs = |it: &HeldText| {
        let theirs = match it.organization {
            None => operator,
            wrote => wrote == firm,
        };
        open && theirs
    };
    held_texts::check_kept(conn, (text_of(practice), place), text, is_theirs)
}

/// The engagement once the words stand at their place, or wait for it.
fn said(
    context: &Context,
    conn: &mut Conn,
    before: Practice,
    place: &HeldPlace,
    (text, stands): (&str, bool),
) -> Result<Practice, Error> {
    let mut after = Practice {
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    match place {
        // It stands in the record meanwhile, which the firms don't know yet.
        HeldPlace::Aim => text.clone_into(&mut after.aim),
        HeldPlace::Outcome if stands => after.outcome = Some(text.to_owned()),
        HeldPlace::Feedback(session) | HeldPlace::Adoption(session) if stands => {
            let feedback = matches!(place, HeldPlace::Feedback(_));
            practices::set_session_text(conn, *session, feedback, text)?;
            return Ok(before);
        }
        _ => return Ok(before),
    }
    if practices::update(conn, &after)? {
        Ok(after)
    } else {
        Err(Error::StaleVersion)
    }
}
