//! Where the words of practices and programmes go that compliance let through.
//! Whoever read them among compliance is not for their readers to know.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::db::agreements::Comment;
use crate::db::{self, Conn, agreements, commitments, practices, programme_evidence};
use crate::domain::agreement::Signing;
use crate::domain::commitment::{Commitment, CommitmentDetails, Target};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::held_text::{HeldPlace, HeldText, TextOf};
use crate::domain::ids::{CommitmentId, OrganizationId, ProgrammeId};
use crate::domain::practice::Practice;
use crate::domain::programme::{Programme, ProgrammeDetails};
use crate::domain::scorecard::promise_facts;
use crate::domain::text::Slug;

use super::held_texts::SCOPE_BREAK;
use super::log::Pen;
use super::transitions::code;
use super::{Context, Error, programmes};

/// Has a text that was let through stand where it is for. A place that is gone
/// by now stays empty.
pub(super) fn place(context: &Context, conn: &mut Conn, held: &HeldText) -> Result<(), Error> {
    let pen = context.pen(Actor::System);
    let Some(place) = HeldPlace::from_code(&held.place) else {
        return Ok(());
    };
    match &place {
        // It stands there, unread by the firms as long as it waits.
        HeldPlace::Aim => Ok(()),
        HeldPlace::Outcome => outcome(context, conn, &pen, held),
        HeldPlace::Feedback(id) | HeldPlace::Adoption(id) => {
            let feedback = matches!(place, HeldPlace::Feedback(_));
            if practices::set_session_text(conn, *id, feedback, &held.text)? {
                told(conn, &pen, held, vec![("session", Value::Id(*id))])?;
            }
            Ok(())
        }
        HeldPlace::Comment(id) => {
            let said = Comment {
                id: *id,
                programme: held.of.programme(),
                organization: held.organization,
                author: held.author,
                comment: held.text.clone(),
                // It is said to them now: who read on past this place reads it, too.
                created_at: context.now(),
            };
            agreements::insert_comment(conn, &said)?;
            let facts = vec![("comment", Value::hash_of(&said.comment))];
            pen.append(conn, "programme.commented", held.of.record(), facts)
        }
        HeldPlace::Title(id) => promise(context, conn, &pen, *id, |details| {
            details.title.clone_from(&held.text);
        }),
        HeldPlace::Target(id) => promise(context, conn, &pen, *id, |details| {
            if let Target::Text(text) = &mut details.target {
                text.clone_from(&held.text);
            }
        }),
        HeldPlace::Evidence(id) => evidence(conn, &pen, held, *id),
        // It stands there, and parties weren't shown it.
        HeldPlace::Mou(_) | HeldPlace::FirstScope => {
            changed(context, conn, held, |_| ())?;
            told(conn, &pen, held, Vec::new())
        }
        HeldPlace::Scope => {
            let tags = held.text.split(SCOPE_BREAK).map(str::parse::<Slug>);
            let tags: Result<Vec<Slug>, _> = tags.collect();
            let tags = tags.map_err(Error::internal)?.into_iter();
            // Some may be other tags by now.
            let taxonomy = context.taxonomy();
            let tags: BTreeSet<Slug> = tags.map(|tag| taxonomy.leads_to(&tag).clone()).collect();
            let tags = tags.into_iter().collect();
            changed(context, conn, held, |details| details.scope_tags = tags)?;
            told(conn, &pen, held, Vec::new())
        }
        HeldPlace::Signing(firm) => {
            // The programme is locked by that before its signatures are read.
            changed(context, conn, held, |_| ())?;
            put_signing(conn, held.of.programme(), *firm, &held.text)?;
            told(conn, &pen, held, Vec::new())
        }
    }
}

/// Has the words of a piece of evidence stand with it.
fn evidence(conn: &mut Conn, pen: &Pen, held: &HeldText, id: Uuid) -> Result<(), Error> {
    // The row that somebody locks who gives it to a commitment comes first: what
    // they give is there by then, and its words stand with it, too.
    programme_evidence::set_note(conn, id, &held.text)?;
    commitments::set_evidence_note(conn, id, &held.text)?;
    let found = commitments::find_evidence(conn, id)?;
    let of = found.map(|it| ("commitment", Value::Id(it.commitment.uuid())));
    let mut facts = vec![
        ("evidence", Value::Id(id)),
        ("note", Value::hash_of(&held.text)),
    ];
    facts.extend(of);
    pen.append(conn, "commitment.note_told", held.of.record(), facts)
}

/// Notes that words stand at their place from now on.
fn told(
    conn: &mut Conn,
    pen: &Pen,
    held: &HeldText,
    mut facts: Vec<(&'static str, Value)>,
) -> Result<(), Error> {
    facts.push(("place", code(&held.place)));
    facts.push(("text", Value::hash_of(&held.text)));
    let kind = match held.of {
        TextOf::Programme(_) => "programme.text_told",
        TextOf::Practice(..) => "practice.text_told",
    };
    pen.append(conn, kind, held.of.record(), facts)
}

fn outcome(context: &Context, conn: &mut Conn, pen: &Pen, held: &HeldText) -> Result<(), Error> {
    let id = held.of.practice().ok_or(Error::NotFound)?;
    let before = practices::find(conn, id)?.ok_or(Error::NotFound)?;
    let after = Practice {
        outcome: Some(held.text.clone()),
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    if !practices::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    told(conn, pen, held, Vec::new())
}

/// Says a promise in the words that were let through, whatever became of it.
fn promise(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    id: CommitmentId,
    say: impl FnOnce(&mut CommitmentDetails),
) -> Result<(), Error> {
    let Some(mut before) = commitments::find(conn, id)? else {
        return Ok(());
    };
    say(&mut before.details);
    let after = Commitment {
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    if !commitments::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    let mut facts = vec![("commitment", Value::Id(id.uuid()))];
    facts.extend(promise_facts(&after.details));
    let subject = (SubjectKind::Programme, after.programme);
    pen.append(conn, "commitment.changed", subject, facts)
}

/// Changes what parties read of a programme.
fn changed(
    context: &Context,
    conn: &mut Conn,
    held: &HeldText,
    change: impl FnOnce(&mut ProgrammeDetails),
) -> Result<(), Error> {
    let mut before = programmes::load(conn, held.of.programme())?;
    change(&mut before.details);
    let after = Programme {
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    programmes::store(conn, &after)
}

/// Says where a party's signature can be seen, or why it declined, where nothing
/// says so yet.
pub(super) fn put_signing(
    conn: &mut Conn,
    programme: ProgrammeId,
    firm: OrganizationId,
    text: &str,
) -> Result<(), Error> {
    let mut agreement = db::agreements::load(conn, programme)?;
    for signatory in &mut agreement.signatories {
        match &mut signatory.signing {
            Signing::Signed {
                evidence: words, ..
            }
            | Signing::Declined { reason: words }
                if signatory.organization == firm && words.is_empty() =>
            {
                text.clone_into(words);
            }
            _ => {}
        }
    }
    Ok(agreements::store(conn, &agreement)?)
}
