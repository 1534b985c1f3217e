//! Consents to an introduction as they are given: by asking for it, by the link
//! of a mail, or over an account.

use super::until;
use crate::db::{self, Conn, introduction_consents};
use crate::domain::consent::{
    IntroductionConsent, Method, curator_copy_text, introduction_text, law_of,
};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::UserId;
use crate::domain::introduction::{Ask, Introduction};
use crate::domain::text::{Email, Language};
use crate::domain::values::Side;
use crate::services::introductions::{Answerer, asked_person};
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error};

/// Who agrees.
struct Giver {
    user: Option<UserId>,
    email: Email,
    name: String,
    role: Option<String>,
    language: Language,
    method: Method,
    copy: bool,
}

/// Keeps what somebody agrees to who asks for an introduction: asking is
/// consent.
pub(in crate::services) fn of_requester(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
    caller: &Caller,
    copy: bool,
) -> Result<(), Error> {
    let giver = Giver {
        user: Some(caller.id()),
        email: caller.user.email.clone(),
        name: caller.user.name.to_string(),
        role: None,
        language: caller.user.language.clone(),
        method: Method::Request,
        copy,
    };
    keep(context, conn, introduction, side, (giver, caller.actor()))
}

/// Keeps what somebody agrees to who says yes to a question.
pub(in crate::services) fn of_answer(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    ask: &Ask,
    answerer: &Answerer,
    actor: Actor,
    copy: bool,
) -> Result<(), Error> {
    let (name, role) = (answerer.name.clone(), answerer.role.clone());
    let giver = match actor {
        Actor::User(user) => {
            let person = db::users::find(conn, user)?.ok_or(Error::NotFound)?;
            Giver {
                user: Some(user),
                email: person.email,
                name,
                role,
                language: person.language,
                method: Method::SignedIn,
                copy,
            }
        }
        Actor::Link(_) | Actor::System => {
            let person = asked_person(conn, ask)?.ok_or(Error::NotFound)?;
            let passed_on = db::introductions::find_delegate(conn, ask.id)?.is_some();
            Giver {
                user: (!passed_on).then_some(ask.person),
                email: person.email,
                name,
                role,
                language: person.language,
                method: Method::MailedLink,
                copy,
            }
        }
    };
    keep(context, conn, introduction, ask.side, (giver, actor))
}

fn keep(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
    (giver, actor): (Giver, Actor),
) -> Result<(), Error> {
    let own = db::organizations::find(conn, introduction.organization(side))?;
    let other = db::organizations::find(conn, introduction.organization(side.other()))?;
    let (tag, text) = introduction_text(&giver.language);
    let now = context.now();
    let consent = IntroductionConsent {
        id: context.new_id(),
        introduction: introduction.id,
        side,
        user: giver.user,
        email_key: giver.email.key(),
        person_name: giver.name,
        person_role: giver.role,
        operator: context.settings.operator.display_name().to_string(),
        law: law_of(own.and_then(|firm| firm.details.country)).to_owned(),
        text: if giver.copy {
            format!("{text}\n\n{}", curator_copy_text(&giver.language))
        } else {
            text.to_owned()
        },
        language: tag.parse().map_err(Error::internal)?,
        method: giver.method,
        country: other.and_then(|firm| firm.details.country),
        given_at: now,
        valid_to: until(now),
        withdrawn_at: None,
        curator_copy: giver.copy,
    };
    introduction_consents::insert(conn, &consent)?;
    let facts = vec![
        ("consent", Value::Id(consent.id)),
        ("purpose", code("introduction")),
        ("side", code(side.code())),
        ("law", code(&consent.law)),
        ("text", Value::hash_of(&consent.text)),
    ];
    let subject = (SubjectKind::Introduction, introduction.id);
    let pen = context.pen(actor);
    pen.append(conn, "consent.given", subject, facts)
}
