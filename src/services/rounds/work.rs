//! What waits for the operator's people, each working morning on which
//! something does.

use std::collections::BTreeSet;

use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::SubjectKind;
use crate::domain::message::Notice;
use crate::domain::values::OrganizationKind;
use crate::services::{Context, Error, notices, worklist};

use super::{Letter, Span};

/// Whose work is counted.
const READERS: [Role; 2] = [Role::Curator, Role::Compliance];

/// The summaries whose morning has come.
pub(super) fn due(context: &Context, conn: &mut Conn, span: Span) -> Result<Vec<Letter>, Error> {
    let mut letters = Vec::new();
    let mut seen = BTreeSet::new();
    for reader in db::rounds::readers(conn, OrganizationKind::Operator, &READERS)? {
        let days = reader
            .place
            .days(&context.calendars, span.after, span.until);
        // Yesterday's list is of no use today.
        let Some(day) = days.last().filter(|_| seen.insert(reader.user)) else {
            continue;
        };
        let Some((_, caller)) = notices::operator(conn, reader.user)? else {
            continue;
        };
        if !worklist::waits(context, conn, &caller)? {
            continue;
        }
        let user = reader.user;
        letters.push((
            format!("work:{user}:{day}"),
            (SubjectKind::User, user.uuid()),
            Notice::Work { user, day: *day },
        ));
    }
    Ok(letters)
}
