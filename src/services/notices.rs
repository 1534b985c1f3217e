//! What people are told: queued in the transaction that decides it, looked up
//! and checked again when it is sent.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::auth::link::LinkToken;
use crate::db::outbox::{self, Claimed, NewMessage};
use crate::db::{self, Conn, json};
use crate::domain::account::{Role, User};
use crate::domain::country::Country;
use crate::domain::disclosure::Decision;
use crate::domain::event::{Actor, Subject, SubjectKind};
use crate::domain::ids::{AskId, IntroductionId, OutboxId, UserId};
use crate::domain::introduction::{Action, Ask, AskState, Introduction, IntroductionStatus};
use crate::domain::message::{Ending, News, Notice};
use crate::domain::organization::Organization;
use crate::domain::scoring::{Factor, FactorTrace};
use crate::domain::text::{Email, Language, Localized, Name};
use crate::domain::values::{PassReason, Side};

use super::disclosure::{self, Occasion, Pair};
use super::teasers::tells_figures;
use super::{Context, Error, introductions, tickets};

/// Queues a notice in the open transaction; the same intent is queued once,
/// whatever happens.
pub fn enqueue(
    context: &Context,
    conn: &mut Conn,
    intent_key: &str,
    subject: (SubjectKind, Uuid),
    notice: &Notice,
) -> Result<(), Error> {
    let id: OutboxId = context.new_id();
    let message = NewMessage {
        id,
        intent_key,
        kind: "mail",
        subject: Subject::new(subject.0, subject.1),
        payload: json::notice::encode(notice)?,
        message_id: Some(format!("{id}@{}", context.settings.mail_domain)),
        available_at: context.now(),
    };
    outbox::enqueue(conn, &message, context.now())?;
    Ok(())
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

/// A notice with everything its text needs, looked up just before sending.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// Ready to be rendered.
    Ready(Box<Ready>),
    /// No longer wanted: what it was about went on without it.
    Obsolete(&'static str),
    /// The gate is closed for the time being; to be asked again later.
    Later,
    /// It can't be sent, and a person has to look at it.
    Undeliverable(&'static str),
}

/// To whom, about what.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The people it goes to; more than one only for an introduction, which
    /// both sides get as one mail.
    pub to: Vec<Recipient>,
    /// What it says.
    pub content: Content,
}

/// Somebody a mail goes to, with an account or without.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// What they are called, if known.
    pub name: Option<Name>,
    /// Their address.
    pub email: Email,
    /// The language they read.
    pub language: Language,
    /// Where their working day is.
    pub zone: Tz,
}

impl From<User> for Recipient {
    fn from(user: User) -> Self {
        Self {
            name: Some(user.name),
            email: user.email,
            language: user.language,
            zone: user.zone,
        }
    }
}

/// What a notice says.
#[derive(Debug, Clone)]
pub enum Content {
    /// The question to one side.
    Ask(Box<AskContent>),
    /// The mail that connects both.
    Introduction(Box<IntroductionContent>),
    /// It came to nothing.
    Closed(Box<Closed>),
    /// Somebody tried to register with this address.
    RegistrationExists,
    /// A link that does one thing once.
    Ticket(Box<tickets::Letter>),
    /// Something happened to the account.
    News(News),
}

/// What somebody reads whose introduction came to nothing.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Title of the programme.
    pub programme: String,
    /// How it ended.
    pub ending: Ending,
    /// Whether the reader's side asked for it.
    pub asked_for_it: bool,
    /// The other side's name, where the reader knows it.
    pub counterpart: Option<String>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// The reason of the side that declined, where it shared it.
    pub shared_reason: Option<PassReason>,
}

/// What the asked person reads.
#[derive(Debug, Clone)]
pub struct AskContent {
    /// Title of the programme.
    pub programme: String,
    /// The side that is asked.
    pub side: Side,
    /// The name of the other side, where it was granted: it asked itself, or
    /// said yes already.
    pub counterpart: Option<String>,
    /// What the other side is, in its own public words.
    pub teaser: Option<Localized>,
    /// Country of the other side, if known.
    pub counterpart_country: Option<Country>,
    /// Why, in the requester's words.
    pub blurb: String,
    /// What speaks for the match, strongest first.
    pub strengths: Vec<FactorTrace>,
    /// The link to the page that answers.
    pub link: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What both read.
#[derive(Debug, Clone)]
pub struct IntroductionContent {
    /// Title of the programme.
    pub programme: String,
    /// The startup.
    pub startup: Organization,
    /// Its person.
    pub startup_person: User,
    /// The investor.
    pub investor: Organization,
    /// Its person.
    pub investor_person: User,
    /// What the startup does, in its own words.
    pub one_liner: Localized,
    /// What the investor calls the mandate it fits.
    pub mandate: Option<Name>,
    /// Who asked, in words of the introduction.
    pub requester: crate::domain::introduction::Requester,
    /// Why.
    pub blurb: String,
    /// What speaks for the match, strongest first.
    pub strengths: Vec<FactorTrace>,
}

/// Looks up what a claimed message needs. The introduction mail asks the gate
/// once more; when it no longer allows, the introduction is held or blocked
/// and nothing is sent. When it allows, the same transaction notes that the
/// mail may go out from now on, so that whoever takes over after a crash knows.
pub async fn prepare(
    context: &Context,
    claimed: &Claimed,
    holder: Uuid,
) -> Result<Prepared, Error> {
    let notice = json::notice::decode(&claimed.payload)?;
    let context_in = context.clone();
    match notice {
        Notice::IntroductionAsk { ask } => {
            context
                .db
                .write(move |conn| prepare_ask(&context_in, conn, ask))
                .await
        }
        Notice::Introduction { introduction } => {
            let claimed = claimed.clone();
            context
                .db
                .write(move |conn| {
                    prepare_introduction(&context_in, conn, introduction, &claimed, holder)
                })
                .await
        }
        Notice::IntroductionClosed {
            introduction,
            person,
            ending,
        } => {
            context
                .db
                .read(move |conn| prepare_closed(conn, introduction, person, ending))
                .await
        }
        Notice::Ticket { ticket } => {
            context
                .db
                .read(move |conn| tickets::prepare(&context_in, conn, ticket))
                .await
        }
        Notice::News { user, news } => {
            context
                .db
                .read(move |conn| {
                    Ok(ready(
                        db::users::find(conn, user)?.into_iter().collect(),
                        Content::News(news),
                    ))
                })
                .await
        }
        Notice::RegistrationExists { user } => {
            context
                .db
                .read(move |conn| {
                    Ok(ready(
                        db::users::find(conn, user)?.into_iter().collect(),
                        Content::RegistrationExists,
                    ))
                })
                .await
        }
    }
}

fn ready(to: Vec<User>, content: Content) -> Prepared {
    let to: Vec<Recipient> = to.into_iter().map(Recipient::from).collect();
    if to.is_empty() {
        Prepared::Obsolete("no_recipient")
    } else {
        Prepared::Ready(Box::new(Ready { to, content }))
    }
}

fn prepare_ask(context: &Context, conn: &mut Conn, id: AskId) -> Result<Prepared, Error> {
    let ask = db::introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
    let introduction = introductions::load(conn, ask.introduction)?;
    if ask.state != AskState::Open || ask.expires_at <= context.now() {
        return Ok(Prepared::Obsolete("no_longer_asked"));
    }
    if introduction.asked() != Some(ask.side) {
        return Ok(Prepared::Obsolete("no_longer_asked"));
    }
    let pair = introductions::pair(conn, &introduction)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    if decision.is_frozen() {
        return Ok(Prepared::Later);
    }
    if decision != Decision::Allow {
        introductions::apply_system(context, conn, &introduction, &Action::Gate(decision))?;
        return Ok(Prepared::Obsolete("gate_closed"));
    }
    let content = content_of(context, conn, &ask, &introduction, &pair)?;
    let person = db::users::find(conn, ask.person)?;
    Ok(ready(
        person.into_iter().collect(),
        Content::Ask(Box::new(content)),
    ))
}

/// What an asked person may read now; none when it is no longer their turn or
/// the gate has closed meanwhile.
pub fn ask_content(
    context: &Context,
    conn: &mut Conn,
    ask: &Ask,
    introduction: &Introduction,
) -> Result<Option<AskContent>, Error> {
    if introduction.asked() != Some(ask.side) {
        return Ok(None);
    }
    let pair = introductions::pair(conn, introduction)?;
    if disclosure::ask(context, conn, &pair, Occasion::Running)? != Decision::Allow {
        return Ok(None);
    }
    content_of(context, conn, ask, introduction, &pair).map(Some)
}

fn content_of(
    context: &Context,
    conn: &mut Conn,
    ask: &Ask,
    introduction: &Introduction,
    pair: &Pair,
) -> Result<AskContent, Error> {
    let matched = super::matches::load(conn, introduction.matched)?;
    let other = ask.side.other();
    let counterpart = load_organization(conn, introduction, other)?;
    let token = LinkToken {
        ask: ask.id,
        expires_at: ask.expires_at,
    };
    let link = context.links.mint(&token).map_err(Error::internal)?;
    Ok(AskContent {
        programme: pair.programme.details.title.to_string(),
        side: ask.side,
        counterpart: introduction
            .accepted(other)
            .then(|| counterpart.details.display_name().to_string()),
        teaser: (other == Side::Startup).then(|| pair.profile.content.one_liner.clone()),
        counterpart_country: counterpart.details.country,
        blurb: introduction.blurb.clone(),
        strengths: strengths(&matched.explanation.factors, &matched.explanation.strengths),
        link: format!("{}/consent/{link}", context.settings.public_url),
        expires_at: ask.expires_at,
    })
}

/// Whether both have agreed and nothing has been sent yet: a mail that was
/// given up may be tried again.
fn awaits_mail(introduction: &Introduction) -> bool {
    use IntroductionStatus as S;
    introduction.both_accepted()
        && matches!(introduction.status, S::BothAccepted | S::DeliveryProblem)
}

fn prepare_introduction(
    context: &Context,
    conn: &mut Conn,
    id: IntroductionId,
    claimed: &Claimed,
    holder: Uuid,
) -> Result<Prepared, Error> {
    // Whoever stops it has it in hand as well, and one of both comes second.
    db::introductions::lock(conn, id)?;
    let introduction = introductions::load(conn, id)?;
    if !awaits_mail(&introduction) {
        return Ok(Prepared::Obsolete("no_longer_wanted"));
    }
    let pair = introductions::pair(conn, &introduction)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Sending)?;
    if decision.is_frozen() {
        return Ok(Prepared::Later);
    }
    if decision != Decision::Allow && claimed.sending_since.is_some() {
        return Ok(Prepared::Undeliverable(
            "an earlier attempt may have arrived, and the gate has closed since",
        ));
    }
    if decision != Decision::Allow {
        introductions::apply_system(context, conn, &introduction, &Action::Gate(decision))?;
        return Ok(Prepared::Obsolete("gate_closed"));
    }
    let matched = super::matches::load(conn, introduction.matched)?;
    let (Some(startup_person), Some(investor_person)) = (
        introductions::person_of(conn, &introduction, Side::Startup)?,
        introductions::person_of(conn, &introduction, Side::Investor)?,
    ) else {
        return Ok(Prepared::Undeliverable("a side has nobody to write to"));
    };
    if !outbox::begin_sending(conn, claimed.id, holder, context.now())? {
        return Ok(Prepared::Obsolete("claim_lost"));
    }
    let content = IntroductionContent {
        programme: pair.programme.details.title.to_string(),
        startup: load_organization(conn, &introduction, Side::Startup)?,
        startup_person: startup_person.clone(),
        investor: load_organization(conn, &introduction, Side::Investor)?,
        investor_person: investor_person.clone(),
        one_liner: pair.profile.content.one_liner.clone(),
        mandate: pair.mandate.content.title.clone(),
        requester: introduction.requester,
        blurb: introduction.blurb.clone(),
        strengths: strengths(&matched.explanation.factors, &matched.explanation.strengths),
    };
    Ok(ready(
        vec![startup_person, investor_person],
        Content::Introduction(Box::new(content)),
    ))
}

fn prepare_closed(
    conn: &mut Conn,
    id: IntroductionId,
    person: UserId,
    ending: Ending,
) -> Result<Prepared, Error> {
    let introduction = introductions::load(conn, id)?;
    let programme = super::programmes::load(conn, introduction.programme)?;
    let shared_reason = introductions::shared_reason(conn, id)?;
    let content = Content::Closed(Box::new(Closed {
        programme: programme.details.title.to_string(),
        ending,
        asked_for_it: introduction.requested_by == person,
        // Only a yes hands over a name, and there was none.
        counterpart: None,
        requested_at: introduction.created_at,
        shared_reason,
    }));
    let person = db::users::find(conn, person)?;
    Ok(ready(person.into_iter().collect(), content))
}

fn load_organization(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
) -> Result<Organization, Error> {
    db::organizations::find(conn, introduction.organization(side))?.ok_or(Error::NotFound)
}

/// The traces of the strengths that may be told to both sides: reasons about
/// amounts would hand over a side's figures.
fn strengths(factors: &[FactorTrace], strengths: &[Factor]) -> Vec<FactorTrace> {
    strengths
        .iter()
        .filter(|factor| !tells_figures(**factor))
        .filter_map(|factor| factors.iter().find(|trace| trace.factor == *factor))
        .cloned()
        .collect()
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
    /// It was not tried, because the gate is closed for the time being.
    PutOff {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// It is no longer wanted.
    Obsolete,
}

impl Attempt {
    /// Whether the server said no and meant it.
    const fn failed_for_certain(&self) -> bool {
        matches!(
            self,
            Self::Retry {
                uncertain: false,
                ..
            } | Self::GivenUp {
                uncertain: false,
                ..
            }
        )
    }
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
                Attempt::Delivered | Attempt::Obsolete => outbox::done(conn, id, holder, now)?,
                Attempt::Retry { at, error, .. } => outbox::retry(conn, id, holder, *at, error)?,
                Attempt::PutOff { until } => {
                    outbox::put_off(conn, id, holder, *until, "the gate is closed")?
                }
                Attempt::GivenUp { error, .. } => outbox::dead(conn, id, holder, error, now)?,
            };
            if !held {
                return Ok(false);
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
        Attempt::Obsolete => "message.dropped",
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
    let Notice::Introduction { introduction } = notice else {
        return Ok(());
    };
    let before = introductions::load(conn, *introduction)?;
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

/// The people of an organization who answer for it: owners and editors.
pub(super) fn answers_for(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Editor)
}
