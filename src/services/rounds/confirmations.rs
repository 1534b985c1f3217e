//! Who has to confirm a profile or mandate is told twice: two weeks before, and
//! in the last days.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use crate::db::rounds::Reader;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::SubjectKind;
use crate::domain::ids::OrganizationId;
use crate::domain::message::{Notice, RecordNews};
use crate::domain::values::OrganizationKind;
use crate::services::{Context, Error};

use super::{Letter, Span};

/// Who answers for a record.
const READERS: [Role; 2] = [Role::Owner, Role::Editor];
/// Days before the end on which they are told first.
const FIRST: i64 = 14;
/// And once more.
const LAST: i64 = 3;

/// What the people whose morning has come have to confirm.
pub(super) fn due(context: &Context, conn: &mut Conn, span: Span) -> Result<Vec<Letter>, Error> {
    let today = context.now().date_naive();
    let until = today + TimeDelta::days(FIRST);
    let mut letters = Vec::new();
    let startups = by_firm(context, conn, OrganizationKind::Startup, span)?;
    if !startups.is_empty() {
        for (profile, firm, by) in db::rounds::profiles_to_confirm(conn, until)? {
            for reader in startups.get(&firm).into_iter().flatten() {
                let notice = Notice::ProfileNews {
                    user: reader.user,
                    profile,
                    news: RecordNews::ConfirmSoon,
                    reason: None,
                    day: Some(by),
                };
                let subject = (SubjectKind::StartupProfile, profile.uuid());
                letters.push(letter(subject, reader, today, by, notice));
            }
        }
    }
    let investors = by_firm(context, conn, OrganizationKind::Investor, span)?;
    if !investors.is_empty() {
        for (profile, firm, by) in db::rounds::investors_to_confirm(conn, until)? {
            for reader in investors.get(&firm).into_iter().flatten() {
                let notice = Notice::InvestorNews {
                    user: reader.user,
                    profile,
                    news: RecordNews::ConfirmSoon,
                    reason: None,
                    day: Some(by),
                };
                let subject = (SubjectKind::InvestorProfile, profile.uuid());
                letters.push(letter(subject, reader, today, by, notice));
            }
        }
        for (mandate, firm, by) in db::rounds::mandates_to_confirm(conn, until)? {
            for reader in investors.get(&firm).into_iter().flatten() {
                let notice = Notice::MandateNews {
                    user: reader.user,
                    mandate,
                    news: RecordNews::ConfirmSoon,
                    day: Some(by),
                };
                let subject = (SubjectKind::Mandate, mandate.uuid());
                letters.push(letter(subject, reader, today, by, notice));
            }
        }
    }
    Ok(letters)
}

/// Those whose morning has come, by their firms.
fn by_firm(
    context: &Context,
    conn: &mut Conn,
    kind: OrganizationKind,
    span: Span,
) -> Result<BTreeMap<OrganizationId, Vec<Reader>>, Error> {
    let is_due = |place: &crate::domain::rounds::Place| {
        let days = place.days(&context.calendars, span.after, span.until);
        !days.is_empty()
    };
    let mut readers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    if !db::rounds::places(conn, kind, &READERS)?.iter().any(is_due) {
        return Ok(readers);
    }
    for reader in db::rounds::readers(conn, kind, &READERS)? {
        if is_due(&reader.place) {
            readers.entry(reader.organization).or_default().push(reader);
        }
    }
    Ok(readers)
}

/// The same letter is queued on each day of its days, and so once.
fn letter(
    subject: (SubjectKind, Uuid),
    reader: &Reader,
    today: NaiveDate,
    by: NaiveDate,
    notice: Notice,
) -> Letter {
    let left = (by - today).num_days();
    let stage = if left <= LAST { LAST } else { FIRST };
    let (id, user) = (subject.1, reader.user);
    (format!("confirm:{id}:{by}:{stage}:{user}"), subject, notice)
}
