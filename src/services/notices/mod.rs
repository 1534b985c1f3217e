//! What people are told: queued in the transaction that decides it, looked up
//! and checked again when it is sent.

mod attempts;
mod connecting;
mod content;
mod facts;
mod quiet;
pub(in crate::services) mod records;
mod regular;
mod stale;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

pub use crate::db::mail_copies::MailCopy;
use crate::db::outbox::{self, Claimed, NewMessage};
use crate::db::{self, Conn, json};
use crate::domain::account::Role;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{IntroductionId, OrganizationId, OutboxId, ProgrammeId, UserId};
use crate::domain::mail_event::MailEvent;
use crate::domain::message::{Matter, News, Notice, Topic};

use super::{Context, Error, consents, introductions, suppressions, tickets};

pub use attempts::{
    Attempt, Tried, is_refused_elsewhere, keep, note_doubt, note_envelope, settle, settle_tried,
};
use connecting::prepare_connecting;
pub use content::{
    AlertContent, AskContent, Closed, Content, DigestContent, DigestEntry, Improvement,
    IntroductionContent, MandateNewsContent, MeetingContent, MeetingNews, MeetingSide, OverContent,
    Prepared, ProfileContent, ProgrammeStatus, PulseContent, Ready, Recipient, Reviewed,
    StaleContent, StatusContent, WorkContent, WorkLine,
};
pub(super) use facts::asked_by;
pub(in crate::services) use facts::ready;
pub use facts::{AskSight, ask_content};
use facts::{prepare_alert, prepare_ask, prepare_closed, prepare_over, prepare_pulse};
pub(super) use regular::operator;
use stale::prepare_stale;

/// Queues a notice in the open transaction; the same intent is queued once,
/// whatever happens.
pub fn enqueue(
    context: &Context,
    conn: &mut Conn,
    intent_key: &str,
    subject: (SubjectKind, Uuid),
    notice: &Notice,
) -> Result<(), Error> {
    enqueue_at(context, conn, intent_key, subject, notice, context.now())
}

/// Queues a notice that isn't sent before `available_at`.
pub(super) fn enqueue_at(
    context: &Context,
    conn: &mut Conn,
    intent_key: &str,
    subject: (SubjectKind, Uuid),
    notice: &Notice,
    available_at: DateTime<Utc>,
) -> Result<(), Error> {
    let id: OutboxId = context.new_id();
    let message = NewMessage {
        id,
        intent_key,
        kind: "mail",
        subject: Subject::new(subject.0, subject.1),
        payload: json::notice::encode(notice)?,
        message_id: Some(format!("{id}@{}", context.settings.mail_domain)),
        available_at,
    };
    outbox::enqueue(conn, &message, context.now())?;
    Ok(())
}

/// Tells the operator's curators and compliance what to look at.
pub(super) fn alert(
    context: &Context,
    conn: &mut Conn,
    introduction: IntroductionId,
    matter: Matter,
) -> Result<(), Error> {
    let mut told: BTreeSet<UserId> = BTreeSet::new();
    for part in looked_after_by(matter) {
        let people = db::users::with_role(conn, *part)?.into_iter();
        told.extend(people.map(|user| user.id));
    }
    let version = introductions::load(conn, introduction)?.version;
    for user in told {
        enqueue(
            context,
            conn,
            &format!("alert:{matter}:{introduction}:{version}:{user}"),
            (SubjectKind::Introduction, introduction.uuid()),
            &Notice::Alert {
                user,
                introduction,
                matter,
            },
        )?;
    }
    Ok(())
}

/// Whose it is to look at that, of the operator's people.
const fn looked_after_by(matter: Matter) -> &'static [Role] {
    match matter {
        Matter::AbuseReported => &[Role::Curator, Role::Compliance],
        Matter::DeliveryProblem | Matter::QuestionUndelivered => &[Role::Curator],
    }
}

/// [`tell_news`] to everybody who plays one of these parts in a firm, each
/// once.
pub(super) fn tell_firm(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
    parts: &[Role],
    news: News,
) -> Result<(), Error> {
    for person in people_of(conn, firm, parts)? {
        tell_news(context, conn, person, news)?;
    }
    Ok(())
}

/// Tells the people who speak for a firm what happened in a programme that they
/// know of.
pub(super) fn tell_of_programme(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
    news: News,
    programme: Option<ProgrammeId>,
) -> Result<(), Error> {
    for person in people_of(conn, firm, &[Role::Owner, Role::Editor])? {
        queue_news(context, conn, person, news, programme)?;
    }
    Ok(())
}

/// Tells the curators of the operator's firm what happened in a programme.
pub(super) fn tell_curators(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
    news: News,
    programme: Option<ProgrammeId>,
) -> Result<(), Error> {
    for person in people_of(conn, firm, &[Role::Curator])? {
        queue_news(context, conn, person, news, programme)?;
    }
    Ok(())
}

fn people_of(
    conn: &mut Conn,
    firm: OrganizationId,
    parts: &[Role],
) -> Result<BTreeSet<UserId>, Error> {
    let members = db::users::members(conn, firm)?.into_iter();
    let told = members.filter(|(_, part)| parts.contains(part));
    Ok(told.map(|(user, _)| user.id).collect())
}

/// Tells the people who speak for a firm once how a consent of theirs stands;
/// `matter` says what of it.
pub(super) fn tell_of_consent(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
    matter: &str,
    news: News,
) -> Result<(), Error> {
    for user in people_of(conn, firm, &[Role::Owner, Role::Editor])? {
        enqueue(
            context,
            conn,
            &format!("{matter}:{user}"),
            (SubjectKind::User, user.uuid()),
            &Notice::News {
                user,
                news,
                programme: None,
            },
        )?;
    }
    Ok(())
}

/// Tells the owners of a firm that somebody is about to join it.
pub(super) fn tell_of_newcomer(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<(), Error> {
    tell_firm(context, conn, firm, &[Role::Owner], News::MemberJoined)
}

/// Queues a mail that tells a person what happened to their account.
pub(super) fn tell_news(
    context: &Context,
    conn: &mut Conn,
    person: UserId,
    news: News,
) -> Result<(), Error> {
    queue_news(context, conn, person, news, None)
}

fn queue_news(
    context: &Context,
    conn: &mut Conn,
    person: UserId,
    news: News,
    programme: Option<ProgrammeId>,
) -> Result<(), Error> {
    let id: OutboxId = context.new_id();
    enqueue(
        context,
        conn,
        &format!("news:{news}:{id}"),
        (SubjectKind::User, person.uuid()),
        &Notice::News {
            user: person,
            news,
            programme,
        },
    )
}

/// Looks up what a claimed message needs, unless its reader gets no such mail.
pub async fn prepare(
    context: &Context,
    claimed: &Claimed,
    holder: Uuid,
) -> Result<Prepared, Error> {
    let notice = json::notice::decode(&claimed.payload)?;
    let what = (notice.topic(), notice.event());
    match look_up(context, claimed, holder, notice).await? {
        Prepared::Ready(ready) if !ready.content.is_owed() => {
            let ready = screen(context, ready, what).await?;
            with_consents(context, ready)
        }
        other => with_consents(context, other),
    }
}

/// Gives mail to one reader the way to what they agreed to. Mail to several
/// has none, though each has an envelope of their own: both answer it to all,
/// and a quoted link would open the reader's whole list to the other side.
fn with_consents(context: &Context, prepared: Prepared) -> Result<Prepared, Error> {
    let Prepared::Ready(mut ready) = prepared else {
        return Ok(prepared);
    };
    if let [only] = &*ready.to {
        ready.consents = Some(consents::token(context, &only.email)?);
    }
    Ok(Prepared::Ready(ready))
}

/// Keeps back what a reader doesn't get, and gives the rest its way out.
async fn screen(
    context: &Context,
    mut ready: Box<Ready>,
    (topic, event): (Option<Topic>, Option<MailEvent>),
) -> Result<Prepared, Error> {
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            for one in &ready.to {
                if let Some(why) = suppressions::hindrance(conn, &one.email, topic, event)? {
                    return Ok(Prepared::Obsolete(why));
                }
            }
            if context_in.settings.quiet_hours
                && !ready.content.answers_an_act()
                && let Some(until) = quiet::until(&context_in, conn, &ready.to)?
            {
                return Ok(Prepared::InTheMorning(until));
            }
            if let ([only], Some(topic)) = (&*ready.to, topic) {
                ready.settings = Some(suppressions::token(&context_in, &only.email, topic)?);
            }
            Ok(Prepared::Ready(ready))
        })
        .await
}

/// Looks up what a notice needs. The introduction mail asks the gate
/// once more; when it no longer allows, the introduction is held or blocked
/// and nothing is sent. When it allows, the same transaction notes that the
/// mail may go out from now on, so that whoever takes over after a crash knows.
async fn look_up(
    context: &Context,
    claimed: &Claimed,
    holder: Uuid,
    notice: Notice,
) -> Result<Prepared, Error> {
    let context_in = context.clone();
    let again = matches!(notice, Notice::IntroductionReminder { .. });
    match notice {
        Notice::IntroductionAsk { ask } | Notice::IntroductionReminder { ask } => {
            context
                .db
                .write(move |conn| prepare_ask(&context_in, conn, ask, again))
                .await
        }
        Notice::Pulse { pulse } => {
            context
                .db
                .read(move |conn| prepare_pulse(&context_in, conn, pulse))
                .await
        }
        Notice::IntroductionOver {
            introduction,
            side,
            silent,
        } => {
            context
                .db
                .read(move |conn| prepare_over(&context_in, conn, introduction, side, silent))
                .await
        }
        Notice::Alert {
            user,
            introduction,
            matter,
        } => {
            context
                .db
                .read(move |conn| prepare_alert(conn, user, introduction, matter))
                .await
        }
        Notice::DealStale { user, deal } => {
            context
                .db
                .read(move |conn| prepare_stale(&context_in, conn, user, deal))
                .await
        }
        letter @ (Notice::Introduction { .. }
        | Notice::Meeting { .. }
        | Notice::IntroductionCopy { .. }) => {
            let claimed = claimed.clone();
            context
                .db
                .write(move |conn| prepare_connecting(&context_in, conn, &letter, &claimed, holder))
                .await
        }
        Notice::IntroductionClosed {
            introduction,
            person,
            ask,
            ending,
        } => {
            context
                .db
                .read(move |conn| {
                    prepare_closed(&context_in, conn, introduction, person, ask, ending)
                })
                .await
        }
        own @ (Notice::Ticket { .. } | Notice::MyConsents { .. } | Notice::News { .. }) => {
            context
                .db
                .read(move |conn| prepare_own(&context_in, conn, own))
                .await
        }
        letter @ (Notice::Digest { .. }
        | Notice::ProfileNews { .. }
        | Notice::InvestorNews { .. }
        | Notice::MandateNews { .. }
        | Notice::Status { .. }
        | Notice::Work { .. }) => {
            let queued_at = claimed.created_at;
            context
                .db
                .read(move |conn| regular::prepare(&context_in, conn, letter, queued_at))
                .await
        }
        Notice::RegistrationExists { user } => {
            tell(context, user, Content::RegistrationExists).await
        }
    }
}

/// What is about a person's own account, or was asked for by them.
fn prepare_own(context: &Context, conn: &mut Conn, notice: Notice) -> Result<Prepared, Error> {
    match notice {
        Notice::MyConsents { address } => consents::prepare_link(context, conn, &address),
        Notice::Ticket { ticket } => tickets::prepare(context, conn, ticket),
        Notice::News {
            user,
            news,
            programme,
        } => prepare_news(conn, user, news, programme),
        _ => Ok(Prepared::Obsolete("no_longer_wanted")),
    }
}

/// News of somebody's firm, with the title of the programme that it is about.
fn prepare_news(
    conn: &mut Conn,
    user: UserId,
    news: News,
    programme: Option<ProgrammeId>,
) -> Result<Prepared, Error> {
    let readers = db::users::find(conn, user)?.into_iter().collect();
    let programme = match programme {
        Some(id) => db::programmes::find(conn, id)?,
        None => None,
    };
    // Who has left since reads no more than what everybody may know.
    let parts = db::users::memberships(conn, user)?;
    let known = programme.filter(|found| {
        let mut parties = found.details.parties.iter();
        found.status.is_public()
            || parties.any(|party| {
                let mut parts = parts.iter();
                parts.any(|part| part.organization == party.organization)
            })
    });
    let title = known.map(|found| found.details.title.to_string());
    Ok(ready(readers, Content::News(news, title)))
}

/// Something for one person that needs nothing else.
async fn tell(context: &Context, user: UserId, content: Content) -> Result<Prepared, Error> {
    context
        .db
        .read(move |conn| {
            let readers = db::users::find(conn, user)?.into_iter().collect();
            Ok(ready(readers, content))
        })
        .await
}

/// The zone of the first of a firm's people who answers for it; UTC where nobody
/// does.
pub(super) fn zone_of(conn: &mut Conn, firm: OrganizationId) -> Result<Tz, Error> {
    let mut people = db::users::members(conn, firm)?.into_iter();
    let first = people.find(|(_, role)| answers_for(*role));
    Ok(first.map_or(Tz::UTC, |(user, _)| user.zone))
}

/// The people of an organization who answer for it: owners and editors.
pub(super) fn answers_for(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Editor)
}
