//! Erasing what is on record of a person. Their id stays, wherever something
//! was done by them, and leads to nobody; what a firm says, did and agreed to
//! is the firm's and stays as it is.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::deal_schema::{deal_documents, deal_tasks};
use super::directory_schema::saved_views;
use super::exchange_schema::export_jobs;
use super::identity_schema::{api_keys, consent_receipts, contacts, sessions, tickets};
use super::mail_mentions::Mentions;
use super::mail_schema::{
    ask_delegates, digest_told, introduction_consents, mail_bounces, mail_copies,
    mail_event_opt_outs, mail_opt_outs, mail_recipients,
};
use super::review_schema::match_visits;
use super::schema::{deal_notes, introduction_answers, introduction_asks, memberships, users};
use super::types::{Id, Timestamp};
use super::users::NO_PASSWORD;
use super::{Conn, Result};
use crate::domain::account::{ERASED_HOST, ERASED_NAME};
use crate::domain::deal_work::Visibility;
use crate::domain::ids::UserId;
use crate::domain::ticket::TicketOutcome;

/// Since when a person is erased, if they are.
///
/// # Errors
/// A statement failed.
pub fn erased_at(conn: &mut Conn, person: UserId) -> Result<Option<DateTime<Utc>>> {
    Ok(users::table
        .find(person)
        .select(users::erased_at)
        .first::<Option<DateTime<Utc>>>(conn)
        .optional()?
        .flatten())
}

/// Puts a person without a name, an address or a way in into the place of one
/// whose account is closed; false where nothing is left to erase. What was
/// agreed to stays until it ends ([`forget_spent`]).
///
/// # Errors
/// A statement failed.
pub fn erase(conn: &mut Conn, person: UserId, email_key: &str, now: DateTime<Utc>) -> Result<bool> {
    let nowhere = format!("{person}@{ERASED_HOST}");
    // Before they are gone.
    let mentions = Mentions::of(conn, person, email_key)?;
    let open = users::table
        .find(person)
        .filter(users::erased_at.is_null())
        .filter(users::disabled_at.is_not_null());
    let erased = diesel::update(open)
        .set((
            users::email.eq(&nowhere),
            users::email_key.eq(&nowhere),
            users::name.eq(ERASED_NAME),
            users::language.eq("en"),
            users::zone.eq("UTC"),
            users::password_hash.eq(NO_PASSWORD),
            users::version.eq(users::version + 1),
            users::parts_version.eq(users::parts_version + 1),
            users::updated_at.eq(Timestamp(now)),
            users::erased_at.eq(Some(Timestamp(now))),
        ))
        .execute(conn)?;
    if erased == 0 {
        return Ok(false);
    }
    of_the_account(conn, person)?;
    of_their_own(conn, person, now)?;
    of_introductions(conn, person, (email_key, &nowhere))?;
    of_the_address(conn, (email_key, &nowhere), now)?;
    mentions.redact(conn, &nowhere)?;
    Ok(true)
}

/// Parts, sign-ins, keys and what they set up for themselves.
fn of_the_account(conn: &mut Conn, person: UserId) -> Result<()> {
    let parts = memberships::table.filter(memberships::user_id.eq(person));
    diesel::delete(parts).execute(conn)?;
    diesel::update(sessions::table.filter(sessions::user_id.eq(person)))
        .set((
            sessions::agent.eq(None::<String>),
            sessions::address.eq(None::<String>),
        ))
        .execute(conn)?;
    super::second_factors::remove(conn, person)?;
    // They were revoked when the account was closed.
    diesel::delete(api_keys::table.filter(api_keys::user_id.eq(person))).execute(conn)?;
    let own = saved_views::table
        .filter(saved_views::owner_id.eq(person))
        .filter(saved_views::organization_id.is_null());
    diesel::delete(own).execute(conn)?;
    let told = digest_told::table.filter(digest_told::user_id.eq(person));
    diesel::delete(told).execute(conn)?;
    let visits = match_visits::table.filter(match_visits::user_id.eq(person));
    diesel::delete(visits).execute(conn)?;
    Ok(())
}

/// What nobody but them could read: private notes, tasks and papers, and files that were
/// made for them, which the next sweep deletes.
fn of_their_own(conn: &mut Conn, person: UserId, now: DateTime<Utc>) -> Result<()> {
    let private = Visibility::Private.code();
    let notes = deal_notes::table
        .filter(deal_notes::author_id.eq(person))
        .filter(deal_notes::visibility.eq(private));
    diesel::delete(notes).execute(conn)?;
    let tasks = deal_tasks::table
        .filter(deal_tasks::author_id.eq(person))
        .filter(deal_tasks::visibility.eq(private));
    diesel::delete(tasks).execute(conn)?;
    // Their bytes go with the next sweep of those that nothing needs.
    let papers = deal_documents::table
        .filter(deal_documents::author_id.eq(person))
        .filter(deal_documents::visibility.eq(private));
    diesel::delete(papers).execute(conn)?;
    diesel::update(export_jobs::table.filter(export_jobs::made_by.eq(person)))
        .set(export_jobs::expires_at.eq(Timestamp(now)))
        .execute(conn)?;
    Ok(())
}

/// Their name beside answers, and where questions were passed on to them.
fn of_introductions(
    conn: &mut Conn,
    person: UserId,
    (email_key, nowhere): (&str, &str),
) -> Result<()> {
    let asked: Vec<Id> = introduction_asks::table
        .filter(introduction_asks::person_id.eq(person))
        .select(introduction_asks::id)
        .load(conn)?;
    let passed: Vec<Id> = ask_delegates::table
        .filter(ask_delegates::email_key.eq(email_key))
        .select(ask_delegates::ask_id)
        .load(conn)?;
    for ask in asked.into_iter().chain(passed) {
        let answers =
            introduction_answers::table.filter(introduction_answers::ask_id.eq(Some(ask)));
        diesel::update(answers)
            .set((
                introduction_answers::person_name.eq(ERASED_NAME),
                introduction_answers::person_role.eq(None::<String>),
            ))
            .execute(conn)?;
    }
    // What they agreed to by a mailed link is theirs, too, and ends as the rest.
    let linked = introduction_consents::table
        .filter(introduction_consents::email_key.eq(email_key))
        .filter(introduction_consents::user_id.is_null());
    diesel::update(linked)
        .set(introduction_consents::user_id.eq(Some(person)))
        .execute(conn)?;
    diesel::update(ask_delegates::table.filter(ask_delegates::email_key.eq(email_key)))
        .set((
            ask_delegates::email.eq(nowhere),
            ask_delegates::email_key.eq(nowhere),
            ask_delegates::name.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Links, mails and bounces that bear it. That somebody said no for a firm, and
/// that an address takes no mail, stays: else both would be asked again.
fn of_the_address(
    conn: &mut Conn,
    (email_key, nowhere): (&str, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    let open = tickets::table
        .filter(tickets::email_key.eq(email_key))
        .filter(tickets::closed_at.is_null());
    diesel::update(open)
        .set((
            tickets::closed_at.eq(Some(Timestamp(now))),
            tickets::outcome.eq(Some(TicketOutcome::Revoked.code())),
        ))
        .execute(conn)?;
    diesel::update(tickets::table.filter(tickets::email_key.eq(email_key)))
        .set((
            tickets::email.eq(nowhere),
            tickets::email_key.eq(nowhere),
            tickets::document.eq(None::<String>),
        ))
        .execute(conn)?;
    let willing = contacts::table
        .filter(contacts::email_key.eq(email_key))
        .filter(contacts::objected_at.is_null());
    diesel::delete(willing).execute(conn)?;
    let out = mail_opt_outs::table.filter(mail_opt_outs::email_key.eq(email_key));
    diesel::delete(out).execute(conn)?;
    let out = mail_event_opt_outs::table.filter(mail_event_opt_outs::email_key.eq(email_key));
    diesel::delete(out).execute(conn)?;
    let messages: Vec<Id> = mail_recipients::table
        .filter(mail_recipients::email_key.eq(email_key))
        .select(mail_recipients::message_id)
        .load(conn)?;
    let received = mail_recipients::table.filter(mail_recipients::email_key.eq(email_key));
    diesel::delete(received).execute(conn)?;
    for message in messages {
        // What went to others as well is theirs to ask about.
        let others = mail_recipients::table
            .filter(mail_recipients::message_id.eq(message))
            .count()
            .get_result::<i64>(conn)?;
        if others == 0 {
            diesel::delete(mail_copies::table.find(message)).execute(conn)?;
        }
    }
    diesel::update(mail_bounces::table.filter(mail_bounces::email_key.eq(Some(email_key))))
        .set((
            mail_bounces::email.eq(None::<String>),
            mail_bounces::email_key.eq(None::<String>),
            mail_bounces::diagnostic.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes the names out of what erased people agreed to, once it has ended; at
/// most `limit` of each kind. Answers how many.
///
/// # Errors
/// A statement failed.
pub fn forget_spent(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    let erased = || users::table.filter(users::erased_at.is_not_null());
    let receipts: Vec<Id> = consent_receipts::table
        .filter(consent_receipts::user_id.eq_any(erased().select(users::id)))
        .filter(consent_receipts::valid_to.lt(Timestamp(now)))
        .filter(consent_receipts::person_name.ne(ERASED_NAME))
        .select(consent_receipts::id)
        .limit(limit)
        .load(conn)?;
    let ended = consent_receipts::table.filter(consent_receipts::id.eq_any(receipts));
    let mut forgotten = diesel::update(ended)
        .set((
            consent_receipts::person_name.eq(ERASED_NAME),
            consent_receipts::person_role.eq(None::<String>),
        ))
        .execute(conn)?;
    let given: Vec<Id> = introduction_consents::table
        .filter(introduction_consents::user_id.eq_any(erased().select(users::id.nullable())))
        .filter(introduction_consents::valid_to.lt(Timestamp(now)))
        .filter(introduction_consents::person_name.ne(ERASED_NAME))
        .select(introduction_consents::id)
        .limit(limit)
        .load(conn)?;
    let ended = introduction_consents::table.filter(introduction_consents::id.eq_any(given));
    forgotten += diesel::update(ended)
        .set((
            introduction_consents::person_name.eq(ERASED_NAME),
            introduction_consents::person_role.eq(None::<String>),
            introduction_consents::email_key.eq(ERASED_HOST),
        ))
        .execute(conn)?;
    Ok(forgotten)
}
