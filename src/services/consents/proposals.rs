//! That the operator proposes a firm to others. Taken back, everything of the
//! firm that is shown is paused and what was asked for it ends; given again, it
//! is published again with the same step where its people want that.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Given, one, person};
use crate::db::{self, Conn};
use crate::domain::consent::{ConsentReceipt, PROPOSALS, law_of};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::MandateStatus;
use crate::domain::message::Topic;
use crate::domain::permission::Operation;
use crate::domain::profile::ProfileStatus;
use crate::domain::refusal::Refusal;
use crate::services::once::write_once;
use crate::services::{
    Caller, Context, Error, Intent, due, introductions, mandates, startups, suppressions, tickets,
};

/// Most records of one firm.
const MOST: usize = 1_000;

/// Why a record is not shown, as a code: in refusals, and in the log of what was
/// paused for it.
pub(in crate::services) const WITHDRAWN: &str = "consent_withdrawn";

/// What its people hear of only while they agree.
pub(super) const TOPICS: [Topic; 3] = [Topic::Questions, Topic::Progress, Topic::Pulses];

/// Refuses to show a firm to others whose people took back that it is.
pub(in crate::services) fn check_proposable(
    conn: &mut Conn,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match hindrance_to_show(conn, firm, now)? {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}

/// What keeps a firm from being shown to others: that its people took back that
/// it is, and how one of them gives it again.
pub(in crate::services) fn hindrance_to_show(
    conn: &mut Conn,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Option<Refusal>, Error> {
    if db::consents::withdrawn_among(conn, &[firm], now)?.is_empty() {
        return Ok(None);
    }
    let again = match db::consents::withdrawn_last(conn, firm)? {
        Some(id) => format!(" (POST /v1/me/consents/{id}/renewal)"),
        None => String::new(),
    };
    Ok(Some(Refusal::new(
        WITHDRAWN,
        format!(
            "The firm's people took back their consent to have it proposed to others; it is shown again once one of them has given it again{again}."
        ),
    )))
}

/// Pauses what is shown of a firm and ends what was asked for it, unless
/// somebody else of it still stands by the consent.
pub(super) fn stop(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
    actor: Actor,
) -> Result<(), Error> {
    if db::consents::withdrawn_among(conn, &[firm], context.now())?.is_empty() {
        return Ok(());
    }
    let of_firm = db::startup_profiles::Filter {
        organization: Some(firm),
        ..db::startup_profiles::Filter::default()
    };
    for profile in db::startup_profiles::list(conn, &of_firm, None, MOST)? {
        startups::rest(context, conn, &profile, actor)?;
    }
    let of_firm = db::mandates::Filter {
        organization: Some(firm),
        ..db::mandates::Filter::default()
    };
    for mandate in db::mandates::list(conn, &of_firm, None, MOST)? {
        mandates::rest(context, conn, &mandate, actor)?;
    }
    Ok(())
}

/// How long after a consent was taken back it is seen to that nothing was
/// published beside it.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

/// Stops what was published in the very moment in which the consent to it was
/// taken back: neither transaction saw the other. Answers how many firms were
/// looked at.
///
/// # Errors
/// The store fails.
pub async fn stop_again(context: &Context) -> Result<usize, Error> {
    let (context_in, now) = (context.clone(), context.now());
    let since = now - LOOK_AGAIN;
    due::each(
        context,
        "consent.stop",
        |firm: &OrganizationId| firm.uuid(),
        move |conn, limit| {
            let firms = db::consents::withdrawn_since(conn, since, limit)?;
            let shown = db::consents::shown_among(conn, &firms)?;
            let lacking = db::consents::withdrawn_among(conn, &firms, now)?;
            Ok(shown.intersection(&lacking).copied().collect())
        },
        move |conn, firm: &OrganizationId| {
            db::organizations::lock(conn, *firm)?;
            stop(&context_in, conn, *firm, Actor::System)
        },
    )
    .await
}

/// Publishes what was paused by [`stop`] and by nobody since. What can't be
/// published any more for another reason stays paused; its people read why.
fn publish_again(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    firm: OrganizationId,
) -> Result<(), Error> {
    let of_firm = db::startup_profiles::Filter {
        organization: Some(firm),
        status: Some(ProfileStatus::Paused),
        ..db::startup_profiles::Filter::default()
    };
    for profile in db::startup_profiles::list(conn, &of_firm, None, MOST)? {
        let subject = Subject::new(SubjectKind::StartupProfile, profile.id);
        if was_stopped(conn, subject, "startup_profile.paused")? {
            let publish =
                |conn: &mut Conn| startups::publish_again(context, caller, conn, profile.id);
            or_leave(db::transaction(conn, publish))?;
        }
    }
    let of_firm = db::mandates::Filter {
        organization: Some(firm),
        status: Some(MandateStatus::Paused),
        ..db::mandates::Filter::default()
    };
    for mandate in db::mandates::list(conn, &of_firm, None, MOST)? {
        let subject = Subject::new(SubjectKind::Mandate, mandate.id);
        if was_stopped(conn, subject, "mandate.paused")? {
            let publish =
                |conn: &mut Conn| mandates::publish_again(context, caller, conn, mandate.id);
            or_leave(db::transaction(conn, publish))?;
        }
    }
    Ok(())
}

/// Whether a record was paused last because of its firm's consent.
fn was_stopped(conn: &mut Conn, subject: Subject, paused: &str) -> Result<bool, Error> {
    let facts = db::events::last_facts(conn, subject, paused)?;
    Ok(facts.into_iter().flatten().any(
        |(name, value)| matches!(value, Value::Code(code) if name == "reason" && code == WITHDRAWN),
    ))
}

/// What can't be published is left as it is; the consent stands all the same,
/// unless the store itself fails.
fn or_leave(published: Result<(), Error>) -> Result<(), Error> {
    match published {
        Err(fault @ (Error::Busy { .. } | Error::Internal(_))) => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Gives again what the caller, or somebody else of their firm, took back: that
/// the firm is proposed to others, in the same words. They hear of introductions
/// again from then on. What was paused for it is published again at once where
/// `publish` says so; else its people do that, one by one.
///
/// # Errors
/// No such consent of the caller or of a firm they answer for; a refusal when
/// theirs stands, or when they no longer answer for the firm.
pub async fn renew_own(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: Uuid,
    publish: bool,
) -> Result<Given, Error> {
    caller.may(Operation::WriteAccount, &[])?;
    let (context_in, context_again) = (context.clone(), context.clone());
    let (caller_in, person_again) = (caller.clone(), person(caller));
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| renew(&context_in, conn, &caller_in, id, publish),
        move |conn, id| one(&context_again, conn, &person_again, id),
    )
    .await
}

fn renew(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: Uuid,
    publish: bool,
) -> Result<Given, Error> {
    let now = context.now();
    let (giver, before) = db::consents::find(conn, id)?.ok_or(Error::NotFound)?;
    let is_own = giver == caller.id();
    if !introductions::is_still_there(conn, caller.id(), before.organization)? {
        return Err(if is_own {
            Error::refused(
                "no_longer_there",
                "Only who answers for the firm can agree for it.",
            )
        } else {
            Error::NotFound
        });
    }
    db::organizations::lock(conn, before.organization)?;
    let receipts = db::consents::of_user(conn, caller.id())?;
    let stands = receipts.iter().any(|other| {
        other.organization == before.organization
            && other.withdrawn_at.is_none()
            && other.valid_to > now
    });
    if stands {
        return Err(Error::refused("given_already", "This consent stands."));
    }
    let firm = db::organizations::find(conn, before.organization)?.ok_or(Error::NotFound)?;
    let receipt = ConsentReceipt {
        id: context.new_id(),
        user: caller.id(),
        organization: before.organization,
        purpose: PROPOSALS,
        person_name: if is_own {
            before.person_name.parse().map_err(Error::internal)?
        } else {
            caller.user.name.clone()
        },
        person_role: before.person_role.clone().filter(|_| is_own),
        law: law_of(firm.details.country),
        text: before.text.clone(),
        language: before.language.clone(),
        method: "signed_in",
        given_at: now,
        valid_to: now + (before.valid_to - before.given_at),
    };
    tickets::keep_receipt(context, conn, &receipt)?;
    suppressions::take_up(context, conn, &caller.user.email, &TOPICS, caller.actor())?;
    if publish {
        publish_again(context, conn, caller, before.organization)?;
    }
    one(context, conn, &person(caller), receipt.id)
}
