//! What happens to a person's part in introductions when they leave a firm.

use crate::db::{self, Conn, introductions};
use crate::domain::event::SubjectKind;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::introduction::Ask;
use crate::domain::message::Notice;
use crate::services::{Context, Error, notices};

use super::load;

/// Puts the open questions that somebody would have answered for a firm to a
/// colleague, with the time that is left; the old links are dead. Answers how
/// many there were.
pub(in crate::services) fn hand_over(
    context: &Context,
    conn: &mut Conn,
    organization: OrganizationId,
    from: UserId,
    to: UserId,
) -> Result<usize, Error> {
    let mut moved = 0;
    for ask in introductions::open_asks_to(conn, from)? {
        let introduction = load(conn, ask.introduction)?;
        if introduction.organization(ask.side) != organization
            || !introductions::kill_ask(conn, ask.id)?
        {
            continue;
        }
        let next = Ask {
            id: context.new_id(),
            person: to,
            created_at: context.now(),
            ..ask
        };
        introductions::insert_ask(conn, &next)?;
        notices::enqueue(
            context,
            conn,
            &format!("introduction_ask:{}", next.id),
            (SubjectKind::Introduction, introduction.id.uuid()),
            &Notice::IntroductionAsk { ask: next.id },
        )?;
        moved += 1;
    }
    Ok(moved)
}

/// Whether a person may still answer for a firm: whoever left it, or only reads
/// by now, can't.
pub(in crate::services) fn is_still_there(
    conn: &mut Conn,
    person: UserId,
    organization: OrganizationId,
) -> Result<bool, Error> {
    let members = db::users::members(conn, organization)?;
    Ok(members
        .iter()
        .any(|(user, role)| user.id == person && notices::answers_for(*role)))
}
