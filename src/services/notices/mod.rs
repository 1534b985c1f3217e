//! What people are told: queued in the transaction that decides it, looked up
//! and checked again when it is sent.

mod connecting;
mod content;
mod facts;
mod quiet;
pub(in crate::services) mod records;
mod regular;
mod stale;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use crate::db::mail_copies::MailCopy;
use crate::db::outbox::{self, Claimed, NewMessage};
use crate::db::{self, Conn, json};
use crate::domain::account::Role;
use crate::domain::bounce::RefusedReader;
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::{AskId, IntroductionId, OrganizationId, OutboxId, UserId};
use crate::domain::introduction::{Action, AskState, IntroductionStatus};
use crate::domain::mail_state::{EnvelopeOutcome, Hold, KEPT_BACK};
use crate::domain::message::{Matter, News, Notice, Topic};
use crate::domain::text::Email;

use super::{Context, Error, bounces, consents, introductions, suppressions, tickets};

use connecting::{awaits_mail, enqueue_copy, prepare_connecting};
pub use content::{
    AlertContent, AskContent, Closed, Content, DigestContent, DigestEntry, Improvement,
    IntroductionContent, MandateNewsContent, MeetingContent, MeetingNews, MeetingSide, OverContent,
    Prepared, ProfileContent, ProgrammeStatus, PulseContent, Ready, Recipient, StaleContent,
    StatusContent, WorkContent, WorkLine,
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
    let mut told = db::users::with_role(conn, Role::Curator)?;
    if matter == Matter::AbuseReported {
        told.extend(db::users::with_role(conn, Role::Compliance)?);
    }
    let told: BTreeSet<UserId> = told.into_iter().map(|user| user.id).collect();
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

/// [`tell_news`] to everybody who plays one of these parts in a firm, each
/// once.
pub(super) fn tell_firm(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
    parts: &[Role],
    news: News,
) -> Result<(), Error> {
    let members = db::users::members(conn, firm)?.into_iter();
    let told = members.filter(|(_, part)| parts.contains(part));
    let told: BTreeSet<UserId> = told.map(|(user, _)| user.id).collect();
    for person in told {
        tell_news(context, conn, person, news)?;
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
    let id: OutboxId = context.new_id();
    enqueue(
        context,
        conn,
        &format!("news:{news}:{id}"),
        (SubjectKind::User, person.uuid()),
        &Notice::News { user: person, news },
    )
}

/// Looks up what a claimed message needs, unless its reader gets no such mail.
pub async fn prepare(
    context: &Context,
    claimed: &Claimed,
    holder: Uuid,
) -> Result<Prepared, Error> {
    let notice = json::notice::decode(&claimed.payload)?;
    let topic = notice.topic();
    match look_up(context, claimed, holder, notice).await? {
        Prepared::Ready(ready) if !ready.content.is_owed() => {
            let ready = screen(context, ready, topic).await?;
            with_consents(context, ready)
        }
        other => with_consents(context, other),
    }
}

/// Gives mail to one reader the way to what they agreed to.
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
    topic: Option<Topic>,
) -> Result<Prepared, Error> {
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            for one in &ready.to {
                if let Some(why) = suppressions::hindrance(conn, &one.email, topic)? {
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
    match notice {
        Notice::IntroductionAsk { ask } => {
            context
                .db
                .write(move |conn| prepare_ask(&context_in, conn, ask, false))
                .await
        }
        Notice::IntroductionReminder { ask } => {
            context
                .db
                .write(move |conn| prepare_ask(&context_in, conn, ask, true))
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
        Notice::Ticket { ticket } => {
            context
                .db
                .read(move |conn| tickets::prepare(&context_in, conn, ticket))
                .await
        }
        Notice::News { user, news } => tell(context, user, Content::News(news)).await,
        letter @ (Notice::Digest { .. }
        | Notice::ProfileNews { .. }
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

/// What became of one attempt.
#[derive(Debug, Clone)]
pub enum Attempt {
    /// The mail system took it.
    Delivered,
    /// It is to be tried again then.
    Retry {
        /// When.
        at: DateTime<Utc>,
        /// What the server said.
        error: String,
        /// Whether the server may have taken it all the same.
        uncertain: bool,
    },
    /// It can't be delivered.
    GivenUp {
        /// What the server said.
        error: String,
        /// Whether the server may have taken it all the same.
        uncertain: bool,
    },
    /// It was not tried: the gate is closed for the time being, or its reader
    /// has the day off, or its turn has not come.
    PutOff {
        /// Until when.
        until: DateTime<Utc>,
        /// Why, if not only for its turn.
        why: Option<Hold>,
    },
    /// It is no longer wanted.
    Obsolete {
        /// Why, as a code.
        why: &'static str,
    },
}

impl Attempt {
    /// What becomes of a mail to several, from what became of it for one more:
    /// as long as it can still reach somebody, it is tried again.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Delivered, _)
            | (Self::GivenUp { .. }, Self::Retry { .. } | Self::PutOff { .. })
            | (Self::PutOff { .. }, Self::Retry { .. }) => other,
            (
                Self::GivenUp { .. },
                Self::GivenUp {
                    uncertain: true, ..
                },
            ) => other,
            (
                Self::Retry { .. },
                Self::Retry {
                    uncertain: true, ..
                },
            ) => other,
            _ => self,
        }
    }

    /// The same where somebody has got it.
    #[must_use]
    pub fn in_part(self) -> Self {
        let uncertain = true;
        match self {
            Self::Retry { at, error, .. } => Self::Retry {
                at,
                error,
                uncertain,
            },
            Self::GivenUp { error, .. } => Self::GivenUp { error, uncertain },
            Self::PutOff { until, .. } => Self::Retry {
                at: until,
                error: "one of its readers is still to get it".to_owned(),
                uncertain,
            },
            other => other,
        }
    }

    /// Whether nobody got it: the server said no and meant it, or wasn't asked.
    const fn failed_for_certain(&self) -> bool {
        matches!(
            self,
            Self::PutOff { .. }
                | Self::Retry {
                    uncertain: false,
                    ..
                }
                | Self::GivenUp {
                    uncertain: false,
                    ..
                }
        )
    }
}

/// Notes what a server said for good of a mail to one of several readers, at
/// once, so that a crash repeats nothing for them.
///
/// # Errors
/// A statement failed.
pub async fn note_envelope(
    context: &Context,
    envelope: Uuid,
    outcome: EnvelopeOutcome,
) -> Result<(), Error> {
    context
        .db
        .write(move |conn| Ok(db::envelopes::note(conn, envelope, outcome)?))
        .await
}

/// Counts, at once, that a message may have gone out without the server's word
/// for it.
///
/// # Errors
/// A statement failed.
pub async fn note_doubt(context: &Context, message: OutboxId) -> Result<(), Error> {
    context
        .db
        .write(move |conn| Ok(outbox::doubted(conn, message)?))
        .await
}

/// Keeps a message for its sender for another lease; false if somebody else
/// has it by now.
///
/// # Errors
/// A statement failed.
pub async fn keep(
    context: &Context,
    message: OutboxId,
    holder: Uuid,
    lease: TimeDelta,
) -> Result<bool, Error> {
    let until = context.now() + lease;
    context
        .db
        .write(move |conn| Ok(outbox::renew(conn, message, holder, until)?))
        .await
}

/// Notes what became of an attempt, and what follows from it, in one
/// transaction. Answers false if the claim was lost meanwhile; then somebody
/// else has it, and nothing is noted.
pub async fn settle(
    context: &Context,
    claimed: &Claimed,
    holder: Uuid,
    attempt: Attempt,
) -> Result<bool, Error> {
    settle_tried(context, claimed, holder, attempt, None).await
}

/// What was tried to be sent, and to whom.
#[derive(Debug, Clone)]
pub struct Tried {
    /// To these addresses; whatever became of it, a notice may come back.
    pub recipients: Vec<Email>,
    /// What it said, its links left out.
    pub copy: MailCopy,
    /// What the mail server said when it took it.
    pub answer: Option<String>,
    /// Those of whom a mail server said that they aren't there.
    pub refused: Vec<RefusedReader>,
}

impl Tried {
    /// Puts it on record. What a server refused was read by nobody, and nobody
    /// needs a copy of it.
    fn note(
        self,
        context: &Context,
        conn: &mut Conn,
        id: OutboxId,
        refused: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        db::bounces::note_recipients(conn, id, &self.recipients, now)?;
        for reader in &self.refused {
            bounces::refused(context, conn, id, reader)?;
        }
        if !refused {
            db::mail_copies::insert(conn, id, &self.copy, now)?;
        }
        if let Some(answer) = &self.answer {
            outbox::answered(conn, id, answer)?;
        }
        Ok(())
    }
}

/// [`settle`] of an attempt that came as far as the mail server.
pub async fn settle_tried(
    context: &Context,
    claimed: &Claimed,
    holder: Uuid,
    attempt: Attempt,
    tried: Option<Tried>,
) -> Result<bool, Error> {
    let context_in = context.clone();
    let id = claimed.id;
    let notice = json::notice::decode(&claimed.payload)?;
    let doubtful_before = claimed.sending_since.is_some();
    context
        .db
        .write(move |conn| {
            let now = context_in.now();
            if attempt.failed_for_certain() && !doubtful_before {
                outbox::not_sent(conn, id, holder)?;
            }
            let held = match &attempt {
                Attempt::Delivered => outbox::done(conn, id, holder, now)?,
                Attempt::Obsolete { why } => {
                    let how = (*why, is_kept_back(why));
                    outbox::dropped(conn, id, holder, how, now)?
                }
                Attempt::Retry { at, error, .. } => outbox::retry(conn, id, holder, *at, error)?,
                Attempt::PutOff { until, why } => outbox::put_off(conn, id, holder, *until, *why)?,
                Attempt::GivenUp { error, .. } => outbox::dead(conn, id, holder, error, now)?,
            };
            if !held {
                return Ok(false);
            }
            if let Some(tried) = tried {
                tried.note(&context_in, conn, id, attempt.failed_for_certain(), now)?;
            }
            let doubtful = doubtful_before || !attempt.failed_for_certain();
            follow(&context_in, conn, id, &notice, &attempt, doubtful)?;
            Ok(true)
        })
        .await
}

fn follow(
    context: &Context,
    conn: &mut Conn,
    id: OutboxId,
    notice: &Notice,
    attempt: &Attempt,
    doubtful: bool,
) -> Result<(), Error> {
    let kind = match attempt {
        Attempt::Delivered => "message.delivered",
        Attempt::GivenUp { .. } => "message.given_up",
        Attempt::Obsolete { .. } => "message.dropped",
        Attempt::Retry { .. } | Attempt::PutOff { .. } => return Ok(()),
    };
    let pen = context.pen(Actor::System);
    let notice_code = super::transitions::code(notice.code());
    pen.append(
        conn,
        kind,
        (SubjectKind::Message, id),
        vec![("notice", notice_code)],
    )?;
    if let Notice::IntroductionAsk { ask } | Notice::IntroductionReminder { ask } = notice {
        return match attempt {
            // Nobody is left waiting for an answer that can't come.
            Attempt::Obsolete { why } if is_kept_back(why) => tell_of_lost(context, conn, *ask),
            Attempt::GivenUp { .. } => tell_of_lost(context, conn, *ask),
            _ => Ok(()),
        };
    }
    let Notice::Introduction { introduction } = notice else {
        return Ok(());
    };
    let before = introductions::load(conn, *introduction)?;
    if matches!(attempt, Attempt::Delivered) {
        enqueue_copy(context, conn, &before, id)?;
    }
    match attempt {
        // It went on meanwhile, and both have been named all the same.
        Attempt::Delivered if !awaits_mail(&before) => {
            introductions::record_names(context, conn, &before)
        }
        _ if !awaits_mail(&before) => Ok(()),
        Attempt::Delivered => {
            introductions::apply_system(context, conn, &before, &Action::Send).map(drop)
        }
        // Tried again and given up again, it stays where it is.
        Attempt::GivenUp { .. } if before.status == IntroductionStatus::BothAccepted => {
            if doubtful {
                // Whoever may have been shown has been, as far as the ledger
                // is concerned.
                introductions::record_names(context, conn, &before)?;
            }
            introductions::apply_system(context, conn, &before, &Action::FailDelivery).map(drop)
        }
        _ => Ok(()),
    }
}

/// Tells the curators of a question that did not reach its person, while it is
/// open.
fn tell_of_lost(context: &Context, conn: &mut Conn, ask: AskId) -> Result<(), Error> {
    let ask = db::introductions::find_ask(conn, ask)?.ok_or(Error::NotFound)?;
    if ask.state != AskState::Open {
        return Ok(());
    }
    alert(context, conn, ask.introduction, Matter::QuestionUndelivered)
}

/// Whether it is its reader who gets no such mail.
fn is_kept_back(why: &str) -> bool {
    KEPT_BACK.contains(&why)
}

/// The people of an organization who answer for it: owners and editors.
pub(super) fn answers_for(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Editor)
}
