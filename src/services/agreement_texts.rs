//! The words of an MoU before compliance: which of them its parties read, and
//! which have to be read first.

use crate::db::{self, Conn, agreements};
use crate::domain::agreement::Agreement;
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::programme::{Programme, ProgrammeAction};
use crate::domain::refusal::Refusal;
use crate::domain::text::Language;

use super::held_texts::{self, admit, is_marked, may_stand};
use super::{Caller, Context, Error};

/// Where the texts of an MoU stand.
fn places(agreement: &Agreement) -> Vec<HeldPlace> {
    let languages = agreement.texts.keys().cloned();
    languages.map(HeldPlace::Mou).collect()
}

/// Leaves out the texts that compliance has not let through to the parties.
pub(super) fn veil(conn: &mut Conn, agreement: &mut Agreement) -> Result<(), Error> {
    let of = TextOf::Programme(agreement.programme);
    let kept = db::held_texts::kept_places(conn, of, &places(agreement))?;
    let shown = |language: &Language| {
        let place = HeldPlace::Mou(language.clone());
        !kept.contains(&place.to_string())
    };
    agreement.texts.retain(|language, _| shown(language));
    Ok(())
}

/// Refuses to agree on texts or a scope that compliance keeps from the parties.
pub(super) fn check_read(conn: &mut Conn, agreement: &Agreement) -> Result<(), Error> {
    let mut places = places(agreement);
    places.extend([HeldPlace::Scope, HeldPlace::FirstScope]);
    if held_texts::is_kept(conn, TextOf::Programme(agreement.programme), &places)? {
        return Err(held_texts::text_waits().into());
    }
    Ok(())
}

/// Keeps the texts from the parties that compliance has to read first.
pub(super) fn screen(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (before, written): (&Agreement, &Agreement),
) -> Result<(), Error> {
    let of = TextOf::Programme(written.programme);
    for (language, text) in &written.texts {
        let place = HeldPlace::Mou(language.clone());
        may_stand(context, conn, caller, (of, &place), text, None)?;
    }
    let mut gone = before.texts.keys().cloned();
    gone.try_for_each(|language| {
        if written.texts.contains_key(&language) {
            return Ok(());
        }
        Ok(db::held_texts::replace(
            conn,
            of,
            &HeldPlace::Mou(language),
        )?)
    })
}

/// Puts texts before compliance that nobody has read when they are to be agreed on
/// or signed: those written before texts were screened, or before a tag was graded.
/// Answers what is to be told where one of them waits from now on or was refused;
/// that it waits is to be kept.
pub(super) fn unread(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    programme: &Programme,
) -> Result<Option<Refusal>, Error> {
    let agreement = agreements::load(conn, programme.id)?;
    let of = TextOf::Programme(programme.id);
    let mut read = true;
    for (language, text) in &agreement.texts {
        if is_marked(context, text) {
            // Of two at once the second finds what the first put there.
            if !db::programmes::hold(conn, programme)? {
                return Err(Error::StaleVersion);
            }
            let place = HeldPlace::Mou(language.clone());
            read &= admit(context, conn, caller, (of, &place), text, None)?;
        }
    }
    Ok((!read).then(held_texts::text_waits))
}

/// Whether a programme that moves so has its texts agreed on, or goes to be signed
/// with them.
pub(super) const fn takes_its_texts(action: ProgrammeAction) -> bool {
    matches!(
        action,
        ProgrammeAction::AgreeText | ProgrammeAction::StartSigning
    )
}
