//! Looks up what each notice needs, and asks once more whether it may be sent.

use chrono::TimeDelta;

use super::content::{
    AlertContent, AskContent, Closed, Content, OverContent, Prepared, PulseContent, Ready,
    Recipient,
};
use super::{looked_after_by, operator};
use crate::auth::link::LinkToken;
use crate::db::outbox;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::disclosure::Decision;
use crate::domain::ids::{AskId, IntroductionId, PulseId, UserId};
use crate::domain::introduction::{Action, Ask, AskState, Introduction, IntroductionStatus};
use crate::domain::message::{Ending, Matter};
use crate::domain::organization::Organization;
use crate::domain::pulse::PulseKind;
use crate::domain::scoring::{Factor, FactorTrace};
use crate::domain::values::Side;
use crate::services::apart::{self, Apart};
use crate::services::disclosure::{self, Occasion, Pair};
use crate::services::introductions::Portrait;
use crate::services::teasers::tells_figures;
use crate::services::{Context, Error, consents, introductions, matches, programmes};

pub(in crate::services) fn ready<T: Into<Recipient>>(to: Vec<T>, content: Content) -> Prepared {
    let to: Vec<Recipient> = to.into_iter().map(Into::into).collect();
    if to.is_empty() {
        Prepared::Obsolete("no_recipient")
    } else {
        Prepared::Ready(Box::new(Ready {
            to,
            cc: vec![],
            envelopes: vec![],
            dated: None,
            content,
            continues: None,
            settings: None,
            consents: None,
        }))
    }
}

pub(super) fn prepare_ask(
    context: &Context,
    conn: &mut Conn,
    id: AskId,
    reminder: bool,
) -> Result<Prepared, Error> {
    let ask = db::introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
    let introduction = introductions::load(conn, ask.introduction)?;
    let introduction = introductions::thaw(context, conn, introduction)?;
    if introduction.status == IntroductionStatus::Frozen && ask.state == AskState::Open {
        return Ok(Prepared::Later);
    }
    // What stood still has its time back by now.
    let ask = db::introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
    if ask.state != AskState::Open || ask.expires_at <= context.now() {
        return Ok(Prepared::Obsolete("no_longer_asked"));
    }
    let firm = introduction.organization(ask.side);
    let theirs = introductions::is_still_there(conn, ask.person, firm)?;
    if introduction.asked() != Some(ask.side) || !theirs {
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
    let content = AskContent {
        reminder,
        ..content_of(context, conn, &ask, &introduction, &pair)?
    };
    let person = introductions::asked_person(conn, &ask)?;
    let first = if reminder { asked_by(conn, id)? } else { None };
    if reminder && first.is_none() {
        // A reminder never overtakes its question.
        return Ok(if is_question_queued(conn, id)? {
            Prepared::Later
        } else {
            Prepared::Obsolete("never_asked")
        });
    }
    let mail = ready(
        person.into_iter().collect(),
        Content::Ask(Box::new(content)),
    );
    Ok(mail.continuing(first))
}

/// Whether the mail that puts a question still waits for its turn.
fn is_question_queued(conn: &mut Conn, ask: AskId) -> Result<bool, Error> {
    let Some(id) = outbox::of_intent(conn, &format!("introduction_ask:{ask}"))? else {
        return Ok(false);
    };
    let message = outbox::find(conn, id)?;
    Ok(message.is_some_and(|message| message.state == outbox::State::Pending))
}

/// The mail that put a question, if it was sent.
pub(in crate::services) fn asked_by(conn: &mut Conn, ask: AskId) -> Result<Option<String>, Error> {
    Ok(outbox::sent_before(
        conn,
        &format!("introduction_ask:{ask}"),
    )?)
}

/// What an asked person may read now.
#[derive(Debug, Clone)]
pub enum AskSight {
    /// The question.
    Open(Box<AskContent>),
    /// Nothing for the time being: a freeze is in force, or somebody is to
    /// decide first. The question stands.
    Paused,
    /// Nothing any more: it is no longer their turn, or the gate has closed.
    Over,
}

/// What an asked person may read now.
///
/// # Errors
/// A record is missing, or a statement failed.
pub fn ask_content(
    context: &Context,
    conn: &mut Conn,
    ask: &Ask,
    introduction: &Introduction,
) -> Result<AskSight, Error> {
    if introduction.asked() != Some(ask.side) {
        return Ok(match introduction.status {
            // Compliance looks at it; if it goes on, the question is put anew.
            IntroductionStatus::Held | IntroductionStatus::Frozen => AskSight::Paused,
            _ => AskSight::Over,
        });
    }
    let pair = introductions::pair(conn, introduction)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    if decision.is_frozen() || matches!(decision, Decision::Review { .. }) {
        return Ok(AskSight::Paused);
    }
    if decision != Decision::Allow {
        return Ok(AskSight::Over);
    }
    let content = content_of(context, conn, ask, introduction, &pair)?;
    Ok(AskSight::Open(Box::new(content)))
}

fn content_of(
    context: &Context,
    conn: &mut Conn,
    ask: &Ask,
    introduction: &Introduction,
    pair: &Pair,
) -> Result<AskContent, Error> {
    let matched = matches::load(conn, introduction.matched)?;
    let other = ask.side.other();
    let counterpart = load_organization(conn, introduction, other)?;
    let token = LinkToken {
        ask: ask.id,
        expires_at: ask.expires_at,
    };
    let link = context.links.mint(&token).map_err(Error::internal)?;
    let shown = introduction.accepted(other)
        && consents::lets_profile_be_read(conn, introduction.id, other)?;
    Ok(AskContent {
        programme: pair.programme.details.title.to_string(),
        side: ask.side,
        counterpart: introduction
            .accepted(other)
            .then(|| counterpart.details.display_name().to_string()),
        counterpart_asks: introduction.requester.side() == Some(other),
        portrait: Portrait::of(conn, pair, other, shown)?,
        counterpart_country: counterpart.details.country,
        blurb: introduction.blurb.clone(),
        strengths: strengths(&matched.explanation.factors, &matched.explanation.strengths),
        link: format!("{}/consent/{link}", context.settings.public_url),
        expires_at: ask.expires_at,
        passed_on_for: match db::introductions::find_delegate(conn, ask.id)? {
            Some(_) => {
                let own = load_organization(conn, introduction, ask.side)?;
                Some(own.details.display_name().clone())
            }
            None => None,
        },
        reminder: false,
    })
}

/// Days after which nobody is told any more that something ended: a freeze may
/// have held the mail back that long.
const NEWS_DAYS: i64 = 30;

/// Whether the end of an introduction is no news any more.
fn is_old(context: &Context, introduction: &Introduction) -> bool {
    context.now() - introduction.updated_at > TimeDelta::days(NEWS_DAYS)
}

/// That it came to nothing; it names nobody, and so a block doesn't stop it,
/// but while a freeze is in force it waits.
pub(super) fn prepare_closed(
    context: &Context,
    conn: &mut Conn,
    id: IntroductionId,
    person: UserId,
    ask: Option<AskId>,
    ending: Ending,
) -> Result<Prepared, Error> {
    let introduction = introductions::load(conn, id)?;
    if apart::of_introduction(context, conn, &introduction)? == Some(Apart::Frozen) {
        return Ok(Prepared::Later);
    }
    if is_old(context, &introduction) {
        return Ok(Prepared::Obsolete("no_news"));
    }
    let programme = programmes::load(conn, introduction.programme)?;
    // A partner is told that it came to nothing, and not by whom or why.
    let by_partner = introduction.partner.is_some() && ask.is_none();
    let (shared_reason, ending) = if by_partner {
        (None, Ending::Declined)
    } else {
        (introductions::shared_reason(conn, id)?, ending)
    };
    let content = Content::Closed(Box::new(Closed {
        programme: programme.details.title.to_string(),
        ending,
        asked_for_it: ask.is_none() && introduction.requested_by == person,
        // Only a yes hands over a name, and there was none.
        counterpart: None,
        requested_at: introduction.created_at,
        shared_reason,
    }));
    let asked = match ask {
        Some(ask) => db::introductions::find_ask(conn, ask)?,
        None => None,
    };
    let (person, first) = match asked {
        Some(ask) => {
            let firm = introduction.organization(ask.side);
            let person = if introductions::is_still_there(conn, ask.person, firm)? {
                introductions::asked_person(conn, &ask)?
            } else {
                None
            };
            (person, asked_by(conn, ask.id)?)
        }
        None => (requester(conn, &introduction, person)?, None),
    };
    if let Some(person) = &person
        && consents::took_back(conn, id, &person.email)?
    {
        return Ok(Prepared::Obsolete("consent_withdrawn"));
    }
    Ok(ready(person.into_iter().collect(), content).continuing(first))
}

/// Who hears what became of a request: who asked, or, if they have left or only
/// read by now, whoever stands for their side.
fn requester(
    conn: &mut Conn,
    introduction: &Introduction,
    person: UserId,
) -> Result<Option<Recipient>, Error> {
    if let Some(partner) = introduction.partner {
        let still = introductions::is_still_there(conn, person, partner)?;
        let person = db::users::find(conn, person)?.filter(|_| still);
        return Ok(person.map(Recipient::from));
    }
    let Some(side) = introduction.requester.side() else {
        let curators = db::users::with_role(conn, Role::Curator)?;
        let still = curators.into_iter().find(|curator| curator.id == person);
        return Ok(still.map(Recipient::from));
    };
    if introductions::is_still_there(conn, person, introduction.organization(side))? {
        return Ok(db::users::find(conn, person)?.map(Recipient::from));
    }
    introductions::person_of(conn, introduction, side)
}

pub(super) fn prepare_pulse(
    context: &Context,
    conn: &mut Conn,
    id: PulseId,
) -> Result<Prepared, Error> {
    use IntroductionStatus as S;
    let open = match introductions::opened_pulse(context, conn, id) {
        Ok(open) => open,
        Err(Error::NotFound) => return Ok(Prepared::Obsolete("no_recipient")),
        Err(other) => return Err(other),
    };
    let introduction = introductions::load(conn, open.pulse.introduction)?;
    let wanted = match open.pulse.kind {
        PulseKind::Open => matches!(introduction.status, S::Sent | S::InConversation | S::Met),
        PulseKind::Late => introduction.status == S::Closed,
    };
    if open.late || open.pulse.answer.is_some() || !wanted {
        return Ok(Prepared::Obsolete("no_longer_asked"));
    }
    if consents::took_back(conn, introduction.id, &open.person.email)? {
        return Ok(Prepared::Obsolete("consent_withdrawn"));
    }
    // Whatever else the gate would say beside it: a freeze holds it back.
    match apart::of_introduction(context, conn, &introduction)? {
        Some(Apart::Frozen) => return Ok(Prepared::Later),
        Some(Apart::Barred) => return Ok(Prepared::Obsolete("gate_closed")),
        None => {}
    }
    let token = context
        .links
        .mint_pulse(open.pulse.id, open.pulse.expires_at)
        .map_err(Error::internal)?;
    let programme = programmes::load(conn, introduction.programme)?;
    let content = PulseContent {
        programme: programme.details.title.to_string(),
        kind: open.pulse.kind,
        counterpart: open.counterpart,
        requested_at: introduction.created_at,
        link: format!("{}/pulse/{token}", context.settings.public_url),
    };
    let first = connected_by(conn, introduction.id)?;
    Ok(ready(vec![open.person], Content::Pulse(Box::new(content))).continuing(first))
}

/// The mail that connected both.
fn connected_by(conn: &mut Conn, id: IntroductionId) -> Result<Option<String>, Error> {
    Ok(outbox::sent_before(conn, &format!("introduction:{id}:"))?)
}

/// That an introduction which was made is closed; it names the other side, so
/// it waits for a freeze to be lifted, and whom something else keeps apart gets
/// none.
pub(super) fn prepare_over(
    context: &Context,
    conn: &mut Conn,
    id: IntroductionId,
    side: Side,
    silent: bool,
) -> Result<Prepared, Error> {
    let introduction = introductions::load(conn, id)?;
    if introduction.status != IntroductionStatus::Closed {
        return Ok(Prepared::Obsolete("no_longer_closed"));
    }
    match apart::of_introduction(context, conn, &introduction)? {
        Some(Apart::Frozen) => return Ok(Prepared::Later),
        Some(Apart::Barred) => return Ok(Prepared::Obsolete("gate_closed")),
        None if is_old(context, &introduction) => return Ok(Prepared::Obsolete("no_news")),
        None => {}
    }
    let programme = programmes::load(conn, introduction.programme)?;
    let other = load_organization(conn, &introduction, side.other())?;
    let content = OverContent {
        programme: programme.details.title.to_string(),
        counterpart: other.details.display_name().to_string(),
        silent,
    };
    let person = introductions::person_of(conn, &introduction, side)?;
    if let Some(person) = &person
        && consents::took_back(conn, id, &person.email)?
    {
        return Ok(Prepared::Obsolete("consent_withdrawn"));
    }
    let first = connected_by(conn, id)?;
    Ok(ready(
        person.into_iter().collect(),
        Content::Over(Box::new(content)),
    )
    .continuing(first))
}

/// What one of the operator's people should look at, if it is still theirs to
/// look at.
pub(super) fn prepare_alert(
    conn: &mut Conn,
    user: UserId,
    id: IntroductionId,
    matter: Matter,
) -> Result<Prepared, Error> {
    let parts = looked_after_by(matter);
    let reader = operator(conn, user)?
        .filter(|(_, caller)| parts.iter().any(|part| caller.is(*part)))
        .map(|(person, _)| person);
    let introduction = introductions::load(conn, id)?;
    let programme = programmes::load(conn, introduction.programme)?;
    let content = Content::Alert(Box::new(AlertContent {
        programme: programme.details.title.to_string(),
        introduction: id,
        matter,
    }));
    Ok(ready(reader.into_iter().collect(), content))
}

pub(super) fn load_organization(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
) -> Result<Organization, Error> {
    db::organizations::find(conn, introduction.organization(side))?.ok_or(Error::NotFound)
}

/// The traces of the strengths that may be told to both sides: reasons about
/// amounts would hand over a side's figures.
pub(super) fn strengths(factors: &[FactorTrace], strengths: &[Factor]) -> Vec<FactorTrace> {
    strengths
        .iter()
        .filter(|factor| !tells_figures(**factor))
        .filter_map(|factor| factors.iter().find(|trace| trace.factor == *factor))
        .cloned()
        .collect()
}
