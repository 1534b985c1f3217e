//! What is left elsewhere of what a profile or a mandate said once that is
//! erased: copies of mails about it, files made of it, words noted beside its
//! matches, and what files called it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::exchange_schema::{export_jobs, import_jobs, import_rows, record_names};
use super::mail_schema::mail_copies;
use super::review_schema::match_notes;
use super::schema::{introductions, matches, outbox};
use super::types::{Id, Timestamp};
use super::{Conn, Result, idempotency};
use crate::domain::event::SubjectKind;
use crate::domain::export::ExportState;
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};

/// Deletes what mails about a startup's profile, its matches and introductions
/// said, investors' summaries of their matches with it included, and the notes
/// on those matches.
///
/// # Errors
/// A statement failed.
pub fn around_profile(conn: &mut Conn, profile: StartupProfileId) -> Result<()> {
    let of_it = || matches::table.filter(matches::startup_profile_id.eq(profile));
    let matched: Vec<Id> = of_it().select(matches::id).load(conn)?;
    // A summary is of a mandate.
    let wanted: Vec<Id> = of_it().select(matches::mandate_id).distinct().load(conn)?;
    let introduced: Vec<Id> = introductions::table
        .filter(introductions::startup_profile_id.eq(profile))
        .select(introductions::id)
        .load(conn)?;
    forget_notes(conn, &matched)?;
    forget_copies(conn, SubjectKind::StartupProfile, &[Id::of(profile)])?;
    forget_copies(conn, SubjectKind::Match, &matched)?;
    forget_copies(conn, SubjectKind::Mandate, &wanted)?;
    forget_copies(conn, SubjectKind::Introduction, &introduced)
}

/// The same around a mandate; a startup's news of its matches included.
///
/// # Errors
/// A statement failed.
pub fn around_mandate(conn: &mut Conn, mandate: MandateId) -> Result<()> {
    let of_it = || matches::table.filter(matches::mandate_id.eq(mandate));
    let matched: Vec<Id> = of_it().select(matches::id).load(conn)?;
    let profiles: Vec<Id> = of_it()
        .select(matches::startup_profile_id)
        .distinct()
        .load(conn)?;
    let introduced: Vec<Id> = introductions::table
        .filter(introductions::mandate_id.eq(mandate))
        .select(introductions::id)
        .load(conn)?;
    forget_notes(conn, &matched)?;
    forget_copies(conn, SubjectKind::Mandate, &[Id::of(mandate)])?;
    forget_copies(conn, SubjectKind::Match, &matched)?;
    forget_copies(conn, SubjectKind::StartupProfile, &profiles)?;
    forget_copies(conn, SubjectKind::Introduction, &introduced)
}

/// The same around what an investor says of itself: of its introductions, and
/// of the profile.
///
/// # Errors
/// A statement failed.
pub fn around_investor(conn: &mut Conn, profile: Uuid, firm: OrganizationId) -> Result<()> {
    let introduced: Vec<Id> = introductions::table
        .filter(introductions::investor_id.eq(firm))
        .select(introductions::id)
        .load(conn)?;
    forget_copies(conn, SubjectKind::InvestorProfile, &[Id::of(profile)])?;
    forget_copies(conn, SubjectKind::Introduction, &introduced)
}

/// Ids that go into one statement.
const AT_ONCE: usize = 500;

fn forget_copies(conn: &mut Conn, kind: SubjectKind, subjects: &[Id]) -> Result<()> {
    for some in subjects.chunks(AT_ONCE) {
        let about: Vec<Id> = outbox::table
            .filter(outbox::subject_kind.eq(kind.code()))
            .filter(outbox::subject_id.eq_any(some.to_vec()))
            .select(outbox::id)
            .load(conn)?;
        for messages in about.chunks(AT_ONCE) {
            let kept = mail_copies::table.filter(mail_copies::message_id.eq_any(messages.to_vec()));
            diesel::delete(kept).execute(conn)?;
        }
    }
    Ok(())
}

fn forget_notes(conn: &mut Conn, matched: &[Id]) -> Result<()> {
    for some in matched.chunks(AT_ONCE) {
        let of_them = match_notes::table.filter(match_notes::match_id.eq_any(some.to_vec()));
        diesel::delete(of_them).execute(conn)?;
    }
    Ok(())
}

/// Ends the time of every file that was made of records, whoever asked for it,
/// since it may hold this one; one that is being made begins anew. So ends that
/// of files that the record came from and that were read to their end. The
/// sweep deletes them. The record loses the name that those files gave it. No
/// answer is kept to be repeated that may say what it said.
///
/// # Errors
/// A statement failed.
pub fn files(
    conn: &mut Conn,
    record: Uuid,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let ready = export_jobs::table.filter(export_jobs::state.eq(ExportState::Ready.code()));
    diesel::update(ready)
        .set(export_jobs::expires_at.eq(Timestamp(now)))
        .execute(conn)?;
    let running = [ExportState::Waiting, ExportState::Running].map(ExportState::code);
    diesel::update(export_jobs::table.filter(export_jobs::state.eq_any(running)))
        .set((
            // Who writes it comes too late by that.
            export_jobs::version.eq(export_jobs::version + 1),
            export_jobs::holder.eq(None::<Id>),
            export_jobs::lease_until.eq(Timestamp(now)),
        ))
        .execute(conn)?;
    let rows_of_it = import_rows::table
        .filter(
            import_rows::record_id
                .eq(Some(Id::of(record)))
                .or(import_rows::record_id.eq(Some(Id::of(firm)))),
        )
        .select(import_rows::job_id);
    diesel::update(import_jobs::table.filter(import_jobs::id.eq_any(rows_of_it)))
        .set(import_jobs::expires_at.eq(Timestamp(now)))
        .execute(conn)?;
    let name = record_names::table.filter(record_names::record_id.eq(Id::of(record)));
    diesel::delete(name).execute(conn)?;
    // What of late was answered to who made or moved it.
    idempotency::forget_told(conn)?;
    Ok(())
}
