//! What became of an attempt to send something, and what follows from it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::connecting::{awaits_mail, enqueue_copy};
use super::{MailCopy, alert};
use crate::db::outbox::{self, Claimed};
use crate::db::{self, Conn, json};
use crate::domain::bounce::RefusedReader;
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::{AskId, MatchId, OutboxId};
use crate::domain::introduction::{Action, AskState, IntroductionStatus};
use crate::domain::mail_state::{EnvelopeOutcome, Hold, KEPT_BACK, Unserved};
use crate::domain::message::{Matter, Notice};
use crate::domain::text::Email;
use crate::services::transitions::code;
use crate::services::{Context, Error, bounces, introductions};

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
        /// Whether it is one of the attempts that a message has.
        counted: bool,
        /// Why no mail server takes it from us, if that is what keeps it.
        unserved: Option<Unserved>,
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
            Self::Retry {
                at,
                error,
                counted,
                unserved,
                ..
            } => Self::Retry {
                at,
                error,
                uncertain,
                counted,
                unserved,
            },
            Self::GivenUp { error, .. } => Self::GivenUp { error, uncertain },
            Self::PutOff { until, .. } => Self::Retry {
                at: until,
                error: "one of its readers is still to get it".to_owned(),
                uncertain,
                counted: false,
                unserved: None,
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

/// Whether mail to another domain than this is not taken from us either, so
/// that it is ours to mend.
///
/// # Errors
/// A statement failed.
pub async fn is_refused_elsewhere(context: &Context, domain: &str) -> Result<bool, Error> {
    let domain = domain.to_owned();
    let look = move |conn: &mut Conn| Ok(outbox::is_refused_elsewhere(conn, &domain)?);
    context.db.read(look).await
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
    /// The matches that a digest told its reader of.
    pub matches: Vec<MatchId>,
    /// The people whom it names to each other.
    pub people: Vec<Email>,
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
        // Who was erased while it was handed over is on no new record.
        let mut gone = Vec::new();
        for person in &self.people {
            if !db::mail_mentions::is_anybodys(conn, &person.key())? {
                gone.push(person.key());
            }
        }
        let mut recipients = self.recipients;
        recipients.retain(|reader| !gone.contains(&reader.key()));
        db::bounces::note_recipients(conn, id, &recipients, now)?;
        for reader in &self.refused {
            bounces::refused(context, conn, id, reader)?;
        }
        if !refused && gone.is_empty() {
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
    let (id, claimed_in) = (claimed.id, claimed.clone());
    let notice = json::notice::decode(&claimed.payload)?;
    let doubtful_before = claimed.sending_since.is_some();
    context
        .db
        .write(move |conn| {
            let now = context_in.now();
            if attempt.failed_for_certain() && !doubtful_before {
                outbox::not_sent(conn, id, holder)?;
            }
            if matches!(attempt, Attempt::Retry { counted: false, .. }) {
                outbox::uncount(conn, id, holder)?;
            }
            note_service(conn, &claimed_in, holder, &attempt, now)?;
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
            if let (Notice::Digest { user, .. }, Attempt::Delivered, Some(tried)) =
                (&notice, &attempt, &tried)
            {
                db::digests::note_told(conn, *user, &tried.matches, now)?;
            }
            if let Some(tried) = tried {
                tried.note(&context_in, conn, id, attempt.failed_for_certain(), now)?;
            }
            let doubtful = doubtful_before || !attempt.failed_for_certain();
            tell_of_waiting(&context_in, conn, &claimed_in, &notice, &attempt)?;
            follow(&context_in, conn, id, &notice, &attempt, doubtful)?;
            Ok(true)
        })
        .await
}

/// Notes since when no mail server takes a message from us, or that one does
/// again; what was not tried says nothing of it.
fn note_service(
    conn: &mut Conn,
    claimed: &Claimed,
    holder: Uuid,
    attempt: &Attempt,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let since = match (attempt, claimed.unserved_since) {
        (
            Attempt::Retry {
                unserved: Some(why),
                ..
            },
            since,
        ) => Some((since.unwrap_or(now), why)),
        (Attempt::PutOff { .. }, _) | (_, None) => return Ok(()),
        _ => None,
    };
    Ok(outbox::note_service(conn, claimed.id, holder, since)?)
}

/// After how long somebody is told of an introduction whose mail its reader's
/// server doesn't take from us.
const TOLD_AFTER: TimeDelta = TimeDelta::days(1);

/// Tells the curators of an introduction whose mail waits for a server that has
/// not taken it from us for a day, once: nobody reads it meanwhile.
fn tell_of_waiting(
    context: &Context,
    conn: &mut Conn,
    claimed: &Claimed,
    notice: &Notice,
    attempt: &Attempt,
) -> Result<(), Error> {
    let Attempt::Retry {
        unserved: Some(Unserved::Policy(_)),
        ..
    } = attempt
    else {
        return Ok(());
    };
    let due = claimed.unserved_since.map(|since| since + TOLD_AFTER);
    if due.is_none_or(|due| context.now() < due) {
        return Ok(());
    }
    match notice {
        Notice::IntroductionAsk { ask } => tell_of_lost(context, conn, *ask),
        Notice::Introduction { introduction } => {
            alert(context, conn, *introduction, Matter::DeliveryProblem)
        }
        _ => Ok(()),
    }
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
    let notice_code = code(notice.code());
    pen.append(
        conn,
        kind,
        (SubjectKind::Message, id),
        vec![("notice", notice_code)],
    )?;
    let is_question = matches!(notice, Notice::IntroductionAsk { .. });
    if let Notice::IntroductionAsk { ask } | Notice::IntroductionReminder { ask } = notice {
        return match attempt {
            // Nobody is left waiting for an answer that can't come. Who wants no
            // reminder has had the question.
            Attempt::Obsolete { why } if is_question && is_kept_back(why) => {
                tell_of_lost(context, conn, *ask)
            }
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
    match db::introductions::find_ask(conn, ask)? {
        Some(ask) if ask.state == AskState::Open => {
            alert(context, conn, ask.introduction, Matter::QuestionUndelivered)
        }
        // One that isn't there any more must not keep its mail from ending.
        Some(_) | None => Ok(()),
    }
}

/// Whether it is its reader who gets no such mail.
fn is_kept_back(why: &str) -> bool {
    KEPT_BACK.contains(&why)
}
