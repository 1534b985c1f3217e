//! That the operator proposes a firm to others. Taken back, everything of the
//! firm that is shown is paused and what was asked for it ends; given again, it
//! is published again with the same step where its people want that.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Agreement, Given, agreement, one, person};
use crate::db::consents::Kept;
use crate::db::{self, Conn};
use crate::domain::consent::{
    ConsentReceipt, OWN_ACT, PROPOSAL_DAYS, PROPOSAL_NOTICE_DAYS, PROPOSALS, SIGNED_IN, Standing,
    law_of,
};
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::mandate::MandateStatus;
use crate::domain::message::Topic;
use crate::domain::permission::Operation;
use crate::domain::profile::ProfileStatus;
use crate::domain::refusal::Refusal;
use crate::services::once::write_once;
use crate::services::transitions::check_version;
use crate::services::{
    Caller, Context, Error, Intent, due, introductions, mandates, notices, on_show, startups,
    suppressions, tickets,
};

/// Most records of one firm.
const MOST: usize = 1_000;

/// Why a record is not shown, as a code: in refusals, and in the log of what was
/// paused for it.
pub(in crate::services) const WITHDRAWN: &str = "consent_withdrawn";

/// What its people hear of only while they agree.
pub(super) const TOPICS: [Topic; 3] = [Topic::Questions, Topic::Progress, Topic::Pulses];

/// Refuses to show a firm to others whose people took back that it is; answers
/// how their consent stands else.
pub(in crate::services) fn check_proposable(
    conn: &mut Conn,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Standing, Error> {
    match db::consents::standing(conn, firm, now)? {
        Standing::Withdrawn => Err(taken_back(conn, firm)?.into()),
        stands => Ok(stands),
    }
}

/// What keeps a firm from being shown to others: that its people took back that
/// it is, and how one of them gives it again.
pub(in crate::services) fn hindrance_to_show(
    conn: &mut Conn,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Option<Refusal>, Error> {
    Ok(match db::consents::standing(conn, firm, now)? {
        Standing::Withdrawn => Some(taken_back(conn, firm)?),
        _ => None,
    })
}

pub(super) fn taken_back(conn: &mut Conn, firm: OrganizationId) -> Result<Refusal, Error> {
    let again = match db::consents::withdrawn_last(conn, firm)? {
        Some(id) => format!(" (POST /v1/me/consents/{id}/renewal)"),
        None => String::new(),
    };
    Ok(Refusal::new(
        WITHDRAWN,
        format!(
            "The firm's people took back their consent to have it proposed to others; it is shown again once one of them has given it again{again}."
        ),
    ))
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
        on_show::rest(context, conn, &profile, actor)?;
    }
    let of_firm = db::mandates::Filter {
        organization: Some(firm),
        ..db::mandates::Filter::default()
    };
    for mandate in db::mandates::list(conn, &of_firm, None, MOST)? {
        on_show::rest(context, conn, &mandate, actor)?;
    }
    Ok(())
}

/// Whether somebody answers for another firm than this whose people stand by
/// its being proposed to others.
pub(super) fn stands_elsewhere(
    conn: &mut Conn,
    user: UserId,
    firm: OrganizationId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    for part in db::users::memberships(conn, user)? {
        let answers = part.organization != firm && notices::answers_for(part.role);
        if answers
            && matches!(
                db::consents::standing(conn, part.organization, now)?,
                Standing::Given | Standing::Before
            )
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody took back last that a firm is proposed to others, whatever
/// their colleagues say.
pub(in crate::services) fn keeps_out(
    conn: &mut Conn,
    user: UserId,
    firm: OrganizationId,
) -> Result<bool, Error> {
    let receipts = db::consents::of_user(conn, user)?;
    let newest = receipts.iter().rfind(|it| it.organization == firm);
    Ok(newest.is_some_and(|it| it.withdrawn_at.is_some()))
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
            let (mut found, mut after) = (BTreeSet::new(), None);
            loop {
                let some = db::consents::withdrawn_and_shown(conn, since, after, limit)?;
                let firms: Vec<_> = some.iter().map(|(firm, ..)| *firm).collect();
                found.extend(db::consents::withdrawn_among(conn, &firms, now)?);
                after = some.last().copied();
                if some.len() < limit || found.len() >= limit {
                    return Ok(found.into_iter().take(limit).collect());
                }
            }
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
/// again from then on, as far as taking it back was what ended that. What was paused for it is published again at once where
/// `publish` says so; else its people do that, one by one.
///
/// # Errors
/// No such consent of the caller or of a firm they answer for; a refusal when
/// theirs stands, or when they no longer answer for the firm.
pub async fn renew_own(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, expected): (Uuid, Option<i64>),
    publish: bool,
) -> Result<Given, Error> {
    caller.may(Operation::WriteAccount, &[])?;
    let (context_in, context_again) = (context.clone(), context.clone());
    let (caller_in, person_again) = (caller.clone(), person(caller));
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| renew(&context_in, conn, &caller_in, (id, expected), publish),
        move |conn, id| one(&context_again, conn, &person_again, id),
    )
    .await
}

/// A consent that somebody can give again.
pub(super) struct Renewable {
    /// Whether it was theirs, and not a colleague's.
    is_own: bool,
    /// How it reads.
    before: Kept,
    /// What they agreed to so far.
    receipts: Vec<Kept>,
}

/// A consent that the caller can give again now: whether it was theirs, how it
/// read, and what they agreed to so far.
///
/// # Errors
/// See [`renew_own`].
pub(super) fn renewable(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: Uuid,
) -> Result<Renewable, Error> {
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
    // What ends soon may be given anew before it does.
    let soon = context.now() + TimeDelta::days(PROPOSAL_NOTICE_DAYS);
    let receipts = db::consents::of_user(conn, caller.id())?;
    let stands = receipts.iter().any(|other| {
        other.organization == before.organization
            && other.withdrawn_at.is_none()
            && other.valid_to > soon
    });
    if stands {
        return Err(Error::refused("given_already", "This consent stands."));
    }
    Ok(Renewable {
        is_own,
        before,
        receipts,
    })
}

fn renew(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (id, expected): (Uuid, Option<i64>),
    publish: bool,
) -> Result<Given, Error> {
    let now = context.now();
    let (_, known) = db::consents::find(conn, id)?.ok_or(Error::NotFound)?;
    if introductions::is_still_there(conn, caller.id(), known.organization)? {
        db::organizations::lock(conn, known.organization)?;
    }
    let Renewable {
        is_own,
        before,
        receipts,
    } = renewable(context, conn, caller, id)?;
    check_version(expected, 1 + i64::from(before.withdrawn_at.is_some()))?;
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
        method: SIGNED_IN,
        given_at: now,
        valid_to: now + (before.valid_to - before.given_at),
    };
    tickets::keep_receipt(context, conn, &receipt)?;
    let left_at = receipts.iter().filter_map(|it| it.withdrawn_at);
    let left_at: Vec<_> = left_at.collect();
    let (email, actor) = (&caller.user.email, caller.actor());
    suppressions::take_up(context, conn, email, &TOPICS, &left_at, actor)?;
    if publish {
        publish_again(context, conn, caller, before.organization)?;
    }
    one(context, conn, &person(caller), receipt.id)
}

/// Keeps what a person agrees to who puts a record of their own firm forward,
/// where nobody's consent stands: that step is the consent. A program agrees to
/// nothing. What was taken back is given again by name alone, see [`renew_own`].
pub(in crate::services) fn of_own_act(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    firm: OrganizationId,
) -> Result<(), Error> {
    if db::clients::find(conn, caller.id())?.is_some() {
        return Ok(());
    }
    give(context, conn, caller, firm, OWN_ACT).map(drop)
}

/// Whether publishing a record of a firm, as its own people do, gives a consent
/// that doesn't stand.
pub(in crate::services) fn gives(caller: &Caller, firm: OrganizationId, stands: Standing) -> bool {
    !matches!(stands, Standing::Given | Standing::Withdrawn) && caller.belongs_to(firm)
}

/// Agrees, by name, that the caller's firm is proposed to others: for a firm
/// whose people never said so, whose consent has run out, or ends within a month.
///
/// # Errors
/// Not found for a firm that the caller doesn't answer for; a refusal while a
/// consent stands, or when it was taken back, which a renewal gives again.
pub async fn give_own(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    firm: OrganizationId,
) -> Result<Given, Error> {
    caller.may(Operation::WriteAccount, &[])?;
    let (context_in, context_again) = (context.clone(), context.clone());
    let (caller_in, person_again) = (caller.clone(), person(caller));
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            if !introductions::is_still_there(conn, caller_in.id(), firm)? {
                return Err(Error::NotFound);
            }
            db::organizations::lock(conn, firm)?;
            let now = context_in.now();
            check_proposable(conn, firm, now)?;
            let soon = now + TimeDelta::days(PROPOSAL_NOTICE_DAYS);
            let until = db::consents::given_until(conn, firm, now)?;
            if until.is_some_and(|until| until > soon) {
                return Err(Error::refused("given_already", "This consent stands."));
            }
            let id = give(&context_in, conn, &caller_in, firm, SIGNED_IN)?;
            one(&context_in, conn, &person(&caller_in), id)
        },
        move |conn, id| one(&context_again, conn, &person_again, id),
    )
    .await
}

/// Keeps a receipt of the caller's for a firm; answers its id.
fn give(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    firm: OrganizationId,
    method: &'static str,
) -> Result<Uuid, Error> {
    let now = context.now();
    let country = db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
    let Agreement { language, text } = agreement(caller);
    let receipt = ConsentReceipt {
        id: context.new_id(),
        user: caller.id(),
        organization: firm,
        purpose: PROPOSALS,
        person_name: caller.user.name.clone(),
        person_role: None,
        law: law_of(country.details.country),
        text,
        language: language.parse().map_err(Error::internal)?,
        method,
        given_at: now,
        valid_to: now + TimeDelta::days(PROPOSAL_DAYS),
    };
    tickets::keep_receipt(context, conn, &receipt)?;
    Ok(receipt.id)
}

/// The words of a consent to be proposed, for the caller to read before they
/// agree.
pub fn words(caller: &Caller) -> Result<Agreement, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    Ok(agreement(caller))
}
