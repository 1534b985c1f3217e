//! Words of a signing that compliance keeps from their place, said otherwise: a
//! signature stays as it was, and its parties read where it can be seen.

use crate::db::{self, Conn};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::permission::Operation;
use crate::domain::programme::Programme;

use super::agreements::{Seen, see_all};
use super::commitments::readable;
use super::held_texts::{check_kept, may_stand};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, held_places, programmes};

/// Says otherwise where a party's signature can be seen, or why it declined, for
/// curators, who record both. Words that nobody has to read stand there at once,
/// others wait in place of those that were kept.
///
/// # Errors
/// No such programme that the caller may read; a refusal where nothing is kept of
/// that party's signing.
pub async fn say_otherwise(
    context: &Context,
    caller: &Caller,
    (id, expected): (ProgrammeId, Option<i64>),
    firm: OrganizationId,
    text: String,
) -> Result<Seen, Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    let say = move |conn: &mut Conn| {
        let before = readable(conn, &caller, id)?;
        caller.may(Operation::WriteProgramme, &[])?;
        check_version(expected, before.version)?;
        // Of two at once the second reads what the first left.
        if !db::programmes::hold(conn, &before)? {
            return Err(Error::StaleVersion);
        }
        let place = HeldPlace::Signing(firm);
        let of = (TextOf::Programme(id), &place);
        check_kept(conn, of, &text, |_| true)?;
        let after = if may_stand(&context_in, conn, &caller, of, &text, None)? {
            told(&context_in, conn, &caller, before, (firm, &text))?
        } else {
            before
        };
        see_all(conn, &caller, after)
    };
    context.db.write(say).await
}

/// The programme with those words at their place.
fn told(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    before: Programme,
    (firm, text): (OrganizationId, &str),
) -> Result<Programme, Error> {
    let after = Programme {
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    programmes::store(conn, &after)?;
    held_places::put_signing(conn, after.id, firm, text)?;
    let place = HeldPlace::Signing(firm).to_string();
    let facts = vec![("place", code(&place)), ("text", Value::hash_of(text))];
    let subject = (SubjectKind::Programme, after.id);
    let pen = context.pen(caller.actor());
    pen.append(conn, "programme.text_told", subject, facts)?;
    Ok(after)
}
