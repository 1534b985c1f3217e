//! What is left elsewhere of what a profile or a mandate said once that is
//! erased: copies of mails about it, files made of it, words noted beside its
//! matches, and what files called it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::directory_schema::referrals;
use super::duplicate_schema::organization_merges;
use super::exchange_schema::{import_jobs, import_rows, record_names};
use super::mail_schema::mail_copies;
use super::review_schema::match_notes;
use super::schema::{disclosures, introductions, matches, organizations, outbox};
use super::types::{Id, Timestamp};
use super::{Conn, Result, exports, idempotency, imports};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};
use crate::domain::values::OrganizationKind;

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

/// Ends the time of every file that may hold the record, whoever asked for it;
/// one that is being made begins anew. So ends that of files that the record
/// came from and that nobody reads any more. The sweep deletes them. The record
/// loses the name that those files gave it. No answer is kept to be repeated that
/// may say what it said.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn files(
    conn: &mut Conn,
    erased: Subject,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let told = told_of(conn, firm)?;
    exports::forget(conn, |export| export.may_hold(erased.kind, &told), now)?;
    let record = Id::of(erased.id);
    let mut named: Vec<Option<Id>> = referrals::table
        .filter(referrals::organization_id.eq(firm))
        .select(referrals::id.nullable())
        .load(conn)?;
    named.extend([Some(record), Some(Id::of(firm.uuid()))]);
    for some in named.chunks(AT_ONCE) {
        let rows_of_it = import_rows::table
            .filter(import_rows::record_id.eq_any(some.to_vec()))
            .select(import_rows::job_id);
        let jobs = import_jobs::table
            .filter(import_jobs::id.eq_any(rows_of_it))
            .filter(import_jobs::state.ne_all(imports::running()));
        diesel::update(jobs)
            .set(import_jobs::expires_at.eq(Timestamp(now)))
            .execute(conn)?;
    }
    let name = record_names::table.filter(record_names::record_id.eq(record));
    diesel::delete(name).execute(conn)?;
    // What of late was answered to who made or moved it.
    idempotency::forget_told(conn, now)?;
    Ok(())
}

/// Which organizations may have read what a firm said: the firm, under the ids
/// too that became one with its own, the operator, whom it was shown to, matched
/// with or introduced to, and the partners who wrote of it.
fn told_of(conn: &mut Conn, firm: OrganizationId) -> Result<BTreeSet<OrganizationId>> {
    let operators: Vec<OrganizationId> = organizations::table
        .filter(organizations::kind.eq(OrganizationKind::Operator.code()))
        .select(organizations::id)
        .load(conn)?;
    let gone: Vec<OrganizationId> = organization_merges::table
        .filter(organization_merges::kept_id.eq(firm))
        .select(organization_merges::gone_id)
        .load(conn)?;
    let partners: Vec<OrganizationId> = referrals::table
        .filter(referrals::organization_id.eq(firm))
        .select(referrals::partner_id)
        .distinct()
        .load(conn)?;
    let mut told: BTreeSet<OrganizationId> = [firm].into();
    told.extend(operators);
    told.extend(gone);
    told.extend(partners);
    let shown: Vec<OrganizationId> = disclosures::table
        .filter(disclosures::shown_organization_id.eq(firm))
        .select(disclosures::shown_to_organization_id)
        .distinct()
        .load(conn)?;
    told.extend(shown);
    let matched: Vec<(OrganizationId, OrganizationId)> = matches::table
        .filter(
            matches::startup_id
                .eq(firm)
                .or(matches::investor_id.eq(firm)),
        )
        .select((matches::startup_id, matches::investor_id))
        .distinct()
        .load(conn)?;
    let of_introductions = introductions::startup_id
        .eq(firm)
        .or(introductions::investor_id.eq(firm));
    let introduced: Vec<(OrganizationId, OrganizationId)> = introductions::table
        .filter(of_introductions)
        .select((introductions::startup_id, introductions::investor_id))
        .distinct()
        .load(conn)?;
    for (startup, investor) in matched.into_iter().chain(introduced) {
        told.extend([startup, investor]);
    }
    Ok(told)
}
