//! What people agreed to: kept as it was given, shown to them, taken back.
//!
//! | module | holds |
//! |---|---|
//! | here | the list, and taking back |
//! | `keeping` | consents as they are given |
//! | `links` | the way to the list, sent to an address on demand |
//! | `single` | one consent, and what can be done with it |
//! | `proposals` | that a firm is proposed to others: stopped, and given again |

mod before;
mod keeping;
mod links;
mod proposals;
mod single;
mod submission;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::db::outbox::{self, Cancel};
use crate::db::page::Page;
use crate::db::{self, Conn, introduction_consents};
use crate::domain::consent::{
    DELETION, INTRODUCTION_DATA, INTRODUCTION_DATA_WITHOUT_PROFILE, IntroductionConsent,
    PROPOSAL_DATA, PROPOSALS, shows_profile, text_hash,
};
use crate::domain::country::Country;
use crate::domain::event::{Actor, Subject, SubjectKind, Value};
use crate::domain::ids::{IntroductionId, UserId};
use crate::domain::introduction::{AskedAgain, IntroductionStatus};
use crate::domain::permission::Operation;
use crate::domain::text::{Email, Language};
use crate::domain::values::Side;

use super::once::{Recorded, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent, introductions, programmes, suppressions};

pub use before::tell_due;
pub(super) use keeping::{of_answer, of_requester};
pub(super) use links::prepare_link;
pub use links::send_link;
pub(super) use proposals::{
    WITHDRAWN, check_proposable, gives, hindrance_to_show, keeps_out, of_own_act,
};
pub use proposals::{give_own, renew_own, stop_again, words};
pub use single::{One, find};
pub use submission::Agreement;
pub(super) use submission::{Basis, agreement, basis, basis_on, keep};

/// What a link to somebody's consents is bound to.
const NAME: &str = "my_consents";

/// What somebody agreed to, as they read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its id.
    pub id: Uuid,
    /// What for.
    pub purpose: Purpose,
    /// For which firm, by its name.
    pub organization: String,
    /// What they called themselves.
    pub person_name: String,
    /// Their part in the firm.
    pub person_role: Option<String>,
    /// Who runs the service.
    pub operator: String,
    /// Under which law, a stable code.
    pub law: String,
    /// What is covered, as codes.
    pub data: Vec<&'static str>,
    /// The firm that the name and address are passed on to, once the reader
    /// knows its name.
    pub recipient: Option<String>,
    /// The country of who it is passed on to, if known.
    pub country: Option<Country>,
    /// What becomes of it in the end, a stable code.
    pub deletion: &'static str,
    /// The text that was agreed to.
    pub text: String,
    /// Its SHA-256, in hexadecimal digits.
    pub text_hash: String,
    /// Its language.
    pub language: Language,
    /// How it was given, a stable code.
    pub method: String,
    /// When.
    pub given_at: DateTime<Utc>,
    /// How long it holds.
    pub valid_to: DateTime<Utc>,
    /// When it was taken back.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Whether a curator may get the mail that connects, too.
    pub curator_copy: bool,
}

/// What a consent is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// One introduction, in a programme of that title.
    Introduction {
        /// Which.
        introduction: IntroductionId,
        /// The programme's title.
        programme: String,
    },
    /// That the operator proposes introductions for the firm.
    Proposals,
}

impl Purpose {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Introduction { .. } => "introduction",
            Self::Proposals => PROPOSALS,
        }
    }
}

/// Whose consents.
#[derive(Debug, Clone)]
struct Person {
    user: Option<UserId>,
    email: Email,
    language: Language,
}

/// The consents of whoever reads an address.
#[derive(Debug, Clone)]
pub struct Consents {
    /// Which address.
    pub email: Email,
    /// The language they read, as far as that is known.
    pub language: Language,
    /// What they agreed to, the newest first.
    pub given: Vec<Given>,
}

/// What stands in the link to the consents of an address: sealed, since an
/// address has no place in a URL. It holds as long as the installation's
/// secret, as the right to take a consent back does.
///
/// # Errors
/// The system has no randomness.
pub fn token(context: &Context, email: &Email) -> Result<String, Error> {
    context
        .sealer
        .seal_text(NAME, email.as_str().as_bytes())
        .map_err(Error::internal)
}

fn read_token(context: &Context, conn: &mut Conn, token: &str) -> Result<Person, Error> {
    let plain = context.sealer.open_text(NAME, token);
    let plain = plain.map_err(|_| Error::NotFound)?;
    let text = std::str::from_utf8(&plain).map_err(|_| Error::NotFound)?;
    let email: Email = text.parse().map_err(|_| Error::NotFound)?;
    let user = db::users::find_by_email(conn, &email.key())?;
    Ok(Person {
        user: user.as_ref().map(|user| user.id),
        language: user.map_or_else(Language::english, |user| user.language),
        email,
    })
}

/// The consents behind the link of a mail.
///
/// # Errors
/// No link of this service; a statement failed.
pub async fn of_link(context: &Context, token: &str) -> Result<Consents, Error> {
    let (context_in, token) = (context.clone(), token.to_owned());
    context
        .db
        .read(move |conn| {
            let person = read_token(&context_in, conn, &token)?;
            let mut given = of_person(&context_in, conn, &person)?;
            given.reverse();
            Ok(Consents {
                language: newest_language(&person, &given),
                email: person.email,
                given,
            })
        })
        .await
}

/// Somebody without an account reads what they last agreed in.
fn newest_language(person: &Person, given: &[Given]) -> Language {
    match (person.user, given.first()) {
        (None, Some(given)) => given.language.clone(),
        _ => person.language.clone(),
    }
}

/// Takes a consent back by the link of a mail.
///
/// # Errors
/// No link of this service, or no consent of its reader; a refusal when that
/// was done before.
pub async fn withdraw_by_link(context: &Context, token: &str, id: Uuid) -> Result<(), Error> {
    let (context_in, token) = (context.clone(), token.to_owned());
    context
        .db
        .write(move |conn| {
            let person = read_token(&context_in, conn, &token)?;
            withdraw(&context_in, conn, &person, id, Actor::System)
        })
        .await
}

/// The caller's consents, oldest first.
///
/// # Errors
/// A statement failed.
pub async fn own(
    context: &Context,
    caller: &Caller,
    page: PageRequest,
) -> Result<Page<Given>, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let (context_in, person) = (context.clone(), person(caller));
    read_page(
        context,
        format!("consents {}", caller.id()),
        page,
        move |conn, cursor, limit| {
            let mut given = of_person(&context_in, conn, &person)?;
            if let Some(cursor) = cursor {
                given.retain(|one| (one.given_at, one.id) > (cursor.created_at, cursor.id));
            }
            given.truncate(limit.saturating_add(1));
            Ok(given)
        },
        |given| after(given.given_at, given.id),
    )
    .await
}

/// Takes one of the caller's consents back.
///
/// # Errors
/// No consent of the caller; another version; a refusal when that was done
/// before.
pub async fn withdraw_own(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    (id, expected): (Uuid, Option<i64>),
) -> Result<Given, Error> {
    caller.may(Operation::WriteAccount, &[])?;
    let (context_in, context_again) = (context.clone(), context.clone());
    let (person_in, person_again) = (person(caller), person(caller));
    let actor = caller.actor();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            if expected.is_some() {
                let before = one(&context_in, conn, &person_in, id)?;
                check_version(expected, before.version())?;
            }
            withdraw(&context_in, conn, &person_in, id, actor)?;
            one(&context_in, conn, &person_in, id)
        },
        move |conn, id| one(&context_again, conn, &person_again, id),
    )
    .await
}

fn person(caller: &Caller) -> Person {
    Person {
        user: Some(caller.id()),
        email: caller.user.email.clone(),
        language: caller.user.language.clone(),
    }
}

impl Recorded for Given {
    fn id(&self) -> Uuid {
        self.id
    }

    /// A consent holds or was taken back, and nothing else of it changes.
    fn version(&self) -> i64 {
        1 + i64::from(self.withdrawn_at.is_some())
    }
}

fn one(context: &Context, conn: &mut Conn, person: &Person, id: Uuid) -> Result<Given, Error> {
    of_person(context, conn, person)?
        .into_iter()
        .find(|given| given.id == id)
        .ok_or(Error::NotFound)
}

/// Everything somebody agreed to, oldest first.
fn of_person(context: &Context, conn: &mut Conn, person: &Person) -> Result<Vec<Given>, Error> {
    let mut all = Vec::new();
    for consent in introduction_consents::of_person(conn, person.user, &person.email.key())? {
        all.push(to_introduction(conn, consent)?);
    }
    if let Some(user) = person.user {
        for receipt in db::consents::of_user(conn, user)? {
            let firm = db::organizations::find(conn, receipt.organization)?;
            let firm = firm.ok_or(Error::NotFound)?;
            all.push(Given {
                id: receipt.id,
                purpose: Purpose::Proposals,
                organization: firm.details.display_name().to_string(),
                person_name: receipt.person_name,
                person_role: receipt.person_role,
                operator: context.settings.operator.display_name().to_string(),
                law: receipt.law,
                data: PROPOSAL_DATA.to_vec(),
                recipient: None,
                country: None,
                deletion: DELETION,
                text_hash: text_hash(&receipt.text),
                text: receipt.text,
                language: receipt.language,
                method: receipt.method,
                given_at: receipt.given_at,
                valid_to: receipt.valid_to,
                withdrawn_at: receipt.withdrawn_at,
                curator_copy: false,
            });
        }
    }
    all.sort_by_key(|given| (given.given_at, given.id));
    Ok(all)
}

fn to_introduction(conn: &mut Conn, consent: IntroductionConsent) -> Result<Given, Error> {
    use IntroductionStatus as S;
    let introduction = introductions::load(conn, consent.introduction)?;
    let programme = programmes::load(conn, introduction.programme)?;
    let own = introduction.organization(consent.side);
    let own = db::organizations::find(conn, own)?.ok_or(Error::NotFound)?;
    // The mail told both, and nothing earlier tells for sure.
    let told = match introduction.status {
        S::Sent | S::InConversation | S::Met | S::Converted => true,
        // Closed after a mail that never arrived, it named nobody.
        S::Closed => db::introductions::follow_up(conn, introduction.id)?.is_some(),
        _ => false,
    };
    let recipient = if told {
        let other = introduction.organization(consent.side.other());
        let other = db::organizations::find(conn, other)?.ok_or(Error::NotFound)?;
        Some(other.details.display_name().to_string())
    } else {
        None
    };
    Ok(Given {
        id: consent.id,
        purpose: Purpose::Introduction {
            introduction: introduction.id,
            programme: programme.details.title.to_string(),
        },
        organization: own.details.display_name().to_string(),
        person_name: consent.person_name,
        person_role: consent.person_role,
        operator: consent.operator,
        law: consent.law,
        data: if shows_profile(&consent.text) {
            INTRODUCTION_DATA.to_vec()
        } else {
            INTRODUCTION_DATA_WITHOUT_PROFILE.to_vec()
        },
        recipient,
        country: consent.country,
        deletion: DELETION,
        text_hash: text_hash(&consent.text),
        text: consent.text,
        language: consent.language,
        method: consent.method.code().to_owned(),
        given_at: consent.given_at,
        valid_to: consent.valid_to,
        withdrawn_at: consent.withdrawn_at,
        curator_copy: consent.curator_copy,
    })
}

/// Takes a consent back, with all that follows at once: an introduction that
/// was not sent ends, and nothing more of that purpose is mailed.
fn withdraw(
    context: &Context,
    conn: &mut Conn,
    person: &Person,
    id: Uuid,
    actor: Actor,
) -> Result<(), Error> {
    let own = introduction_consents::of_person(conn, person.user, &person.email.key())?;
    if let Some(consent) = own.iter().find(|consent| consent.id == id) {
        return withdraw_introduction(context, conn, consent, actor);
    }
    let user = person.user.ok_or(Error::NotFound)?;
    let receipts = db::consents::of_user(conn, user)?;
    let receipt = receipts.iter().find(|receipt| receipt.id == id);
    let firm = receipt.ok_or(Error::NotFound)?.organization;
    // Two colleagues at once would each see the other's still standing.
    db::organizations::lock(conn, firm)?;
    let now = context.now();
    if !db::consents::withdraw(conn, id, now)? {
        return Err(withdrawn_already());
    }
    context.pen(actor).append(
        conn,
        "consent.withdrawn",
        (SubjectKind::User, user.uuid()),
        vec![
            ("consent", Value::Id(id)),
            ("purpose", code(Purpose::Proposals.code())),
        ],
    )?;
    // Nobody proposes anything of that firm to them any more, and what runs for
    // it ends; what they answer for at another one goes on.
    let now_part_of = db::merges::keeper(conn, firm)?.unwrap_or(firm);
    if !proposals::stands_elsewhere(conn, user, now_part_of, now)? {
        let (email, topics) = (&person.email, &proposals::TOPICS);
        suppressions::leave(context, conn, email, topics, now, actor)?;
    }
    for consent in own.iter().filter(|consent| consent.withdrawn_at.is_none()) {
        let about = introductions::load(conn, consent.introduction)?;
        if about.organization(consent.side) == now_part_of {
            withdraw_introduction(context, conn, consent, actor)?;
        }
    }
    proposals::stop(context, conn, firm, actor)
}

fn withdraw_introduction(
    context: &Context,
    conn: &mut Conn,
    consent: &IntroductionConsent,
    actor: Actor,
) -> Result<(), Error> {
    let id = consent.introduction;
    // Its mail is prepared under the same lock, so one of both comes second.
    db::introductions::lock(conn, id)?;
    let now = context.now();
    if !introduction_consents::withdraw(conn, consent.id, now)? {
        return Err(withdrawn_already());
    }
    context.pen(actor).append(
        conn,
        "consent.withdrawn",
        (SubjectKind::Introduction, id.uuid()),
        vec![
            ("consent", Value::Id(consent.id)),
            ("purpose", code("introduction")),
            ("side", code(consent.side.code())),
        ],
    )?;
    let newest = introduction_consents::of_introduction(conn, id)?
        .into_iter()
        .rfind(|other| other.side == consent.side);
    let subject = Subject::new(SubjectKind::Introduction, id);
    // What is being handed over can't be called back; it isn't tried again.
    let stands = newest.is_some_and(|newest| newest.id == consent.id);
    if !stands || outbox::is_sending(conn, subject)? {
        return Ok(());
    }
    introductions::cancel_meeting(context, conn, id)?;
    let intents = format!("introduction:{id}:");
    let before = introductions::load(conn, id)?;
    introductions::end_without_consent(context, conn, &before, consent.side, actor)?;
    outbox::cancel(conn, Cancel::Intents(&intents), now)?;
    Ok(())
}

fn withdrawn_already() -> Error {
    Error::refused("withdrawn_already", "This consent was taken back before.")
}

/// The side whose consent to an introduction was taken back.
pub(super) fn lacks_consent(conn: &mut Conn, id: IntroductionId) -> Result<Option<Side>, Error> {
    let given = introduction_consents::of_introduction(conn, id)?;
    Ok([Side::Startup, Side::Investor].into_iter().find(|side| {
        let newest = given.iter().rfind(|consent| consent.side == *side);
        newest.is_some_and(|consent| consent.withdrawn_at.is_some())
    }))
}

/// Whether a side agreed that the other one reads what it has published before
/// both have agreed: those who said yes in words of before did not.
pub(super) fn lets_profile_be_read(
    conn: &mut Conn,
    id: IntroductionId,
    side: Side,
) -> Result<bool, Error> {
    let given = introduction_consents::of_introduction(conn, id)?;
    let newest = given.iter().rfind(|consent| consent.side == side);
    Ok(newest.is_some_and(|it| it.withdrawn_at.is_none() && shows_profile(&it.text)))
}

/// Of which sides what was agreed to has run out; none where it holds.
pub(super) fn ran_out(
    conn: &mut Conn,
    id: IntroductionId,
    now: DateTime<Utc>,
) -> Result<Option<AskedAgain>, Error> {
    let given = introduction_consents::of_introduction(conn, id)?;
    let is_over = |side| {
        let newest = given.iter().rfind(|consent| consent.side == side);
        newest.is_some_and(|consent| consent.valid_to <= now)
    };
    let sides = AskedAgain {
        startup: is_over(Side::Startup),
        investor: is_over(Side::Investor),
    };
    Ok((sides.startup || sides.investor).then_some(sides))
}

/// Whether both sides agreed that a curator gets the mail that connects, too.
pub(super) fn want_copy(conn: &mut Conn, id: IntroductionId) -> Result<bool, Error> {
    let given = introduction_consents::of_introduction(conn, id)?;
    Ok([Side::Startup, Side::Investor].into_iter().all(|side| {
        let newest = given.iter().rfind(|consent| consent.side == side);
        newest.is_some_and(|consent| consent.withdrawn_at.is_none() && consent.curator_copy)
    }))
}

/// Whether whoever reads an address took their consent to an introduction back.
pub(super) fn took_back(conn: &mut Conn, id: IntroductionId, email: &Email) -> Result<bool, Error> {
    let key = email.key();
    let given = introduction_consents::of_introduction(conn, id)?;
    let newest = given.iter().rfind(|consent| consent.email_key == key);
    Ok(newest.is_some_and(|consent| consent.withdrawn_at.is_some()))
}

/// Whether whoever reads an address agreed to an introduction themselves, for
/// that side; `standing_at` a moment, or at any time.
pub(super) fn has_agreed(
    conn: &mut Conn,
    id: IntroductionId,
    side: Side,
    email: &Email,
    standing_at: Option<DateTime<Utc>>,
) -> Result<bool, Error> {
    let key = email.key();
    let user = db::users::find_by_email(conn, &key)?.map(|user| user.id);
    let given = introduction_consents::of_introduction(conn, id)?;
    Ok(given.iter().any(|consent| {
        let theirs = consent.email_key == key || user.is_some() && consent.user == user;
        let stands =
            standing_at.is_none_or(|at| consent.withdrawn_at.is_none() && consent.valid_to > at);
        consent.side == side && theirs && stands
    }))
}

/// How long a consent to an introduction holds from now on.
fn until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::days(crate::domain::consent::INTRODUCTION_DAYS)
}
