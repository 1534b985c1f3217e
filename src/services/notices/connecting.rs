//! The mail that connects both sides: the gate and the consents are asked once
//! more, and each of its readers gets it in an envelope of their own.

use uuid::Uuid;

use super::content::{Content, IntroductionContent, MeetingNews, Prepared, Ready, Recipient};
use super::facts::{load_organization, strengths};
use crate::db::envelopes::{self, Envelope};
use crate::db::outbox::{self, Claimed};
use crate::db::{self, Conn, json};
use crate::domain::disclosure::Decision;
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::{IntroductionId, OutboxId};
use crate::domain::introduction::{Action, AskedAgain, Introduction, IntroductionStatus};
use crate::domain::message::Notice;
use crate::domain::values::Side;
use crate::services::disclosure::{self, Occasion, Pair};
use crate::services::{Context, Error, consents, introductions, matches, suppressions};

/// Whether both have agreed and nothing has been sent yet: a mail that was
/// given up may be tried again.
pub(super) fn awaits_mail(introduction: &Introduction) -> bool {
    use IntroductionStatus as S;
    introduction.both_accepted()
        && matches!(introduction.status, S::BothAccepted | S::DeliveryProblem)
}

/// What connects both sides, or tells them what changed since.
pub(super) fn prepare_connecting(
    context: &Context,
    conn: &mut Conn,
    letter: &Notice,
    claimed: &Claimed,
    holder: Uuid,
) -> Result<Prepared, Error> {
    match *letter {
        Notice::Introduction { introduction } => {
            prepare_introduction(context, conn, introduction, claimed, holder)
        }
        Notice::Meeting {
            introduction,
            sequence,
        } => prepare_meeting(context, conn, introduction, sequence, claimed),
        Notice::IntroductionCopy { introduction, of } => {
            prepare_copy(context, conn, introduction, of, claimed)
        }
        _ => Ok(Prepared::Obsolete("no_longer_wanted")),
    }
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
    let introduction = introductions::thaw(context, conn, introduction)?;
    if introduction.frozen_from == Some(IntroductionStatus::BothAccepted) {
        return Ok(Prepared::Later);
    }
    if !awaits_mail(&introduction)
        || claimed.sending_since.is_none() && introductions::is_replaced(conn, id, claimed)?
    {
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
    if let Some(side) = consents::lacks_consent(conn, id)? {
        if claimed.sending_since.is_some() {
            return Ok(Prepared::Undeliverable(
                "an earlier attempt may have arrived, and a consent was taken back since",
            ));
        }
        // It was in a sender's hands when the consent was taken back, and the
        // server refused it: it ends now as it would have then.
        introductions::end_without_consent(context, conn, &introduction, side, Actor::System)?;
        return Ok(Prepared::Obsolete("consent_withdrawn"));
    }
    if let Some(sides) = consents::ran_out(conn, id, context.now())? {
        // An old yes is no yes.
        return ask_again(context, conn, &introduction, claimed, sides);
    }
    let (Some(startup_person), Some(investor_person)) = (
        introductions::person_of(conn, &introduction, Side::Startup)?,
        introductions::person_of(conn, &introduction, Side::Investor)?,
    ) else {
        return Ok(Prepared::Undeliverable("a side has nobody to write to"));
    };
    let now = Some(context.now());
    let stands = |conn: &mut Conn, side, person: &Recipient| {
        consents::has_agreed(conn, id, side, &person.email, now)
    };
    let sides = AskedAgain {
        startup: !stands(conn, Side::Startup, &startup_person)?,
        investor: !stands(conn, Side::Investor, &investor_person)?,
    };
    if sides.startup || sides.investor {
        // Who agreed has left, and nobody's yes hands over a colleague's name.
        return ask_again(context, conn, &introduction, claimed, sides);
    }
    for person in [&startup_person, &investor_person] {
        if suppressions::hindrance(conn, &person.email, None, None)?.is_some() {
            return Ok(Prepared::Undeliverable("an address gets no mail"));
        }
    }
    if !outbox::begin_sending(conn, claimed.id, holder, context.now())? {
        return Ok(Prepared::Obsolete("claim_lost"));
    }
    let envelopes = open_each(
        context,
        conn,
        claimed.id,
        [&startup_person, &investor_person],
    )?;
    if claimed.sending_since.is_none() {
        // What it waited for may have taken longer than until the meeting.
        introductions::propose(context, conn, &introduction)?;
    }
    let people = (startup_person, investor_person);
    let content = content_of(context, conn, &introduction, &pair, people)?;
    Ok(connecting(content, envelopes))
}

/// Asks sides once more whose yes holds no longer, unless the mail may have
/// arrived by an earlier attempt.
fn ask_again(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    claimed: &Claimed,
    sides: AskedAgain,
) -> Result<Prepared, Error> {
    let tried = introduction.status != IntroductionStatus::BothAccepted;
    if tried || claimed.sending_since.is_some() {
        return Ok(Prepared::Undeliverable(
            "an earlier attempt may have arrived, and a consent holds no longer",
        ));
    }
    introductions::apply_system(context, conn, introduction, &Action::AskAgain(sides))?;
    Ok(Prepared::Obsolete("consent_ran_out"))
}

/// An envelope for each reader; what a server took before is not sent again.
fn open_each<const N: usize>(
    context: &Context,
    conn: &mut Conn,
    message: OutboxId,
    readers: [&Recipient; N],
) -> Result<Vec<Envelope>, Error> {
    let open = |reader: &Recipient| {
        let id = context.new_id();
        envelopes::open(conn, message, &reader.email, id, context.now())
    };
    Ok(readers.into_iter().map(open).collect::<Result<_, _>>()?)
}

fn connecting(content: IntroductionContent, envelopes: Vec<Envelope>) -> Prepared {
    Prepared::Ready(Box::new(Ready {
        to: vec![
            content.startup_person.clone(),
            content.investor_person.clone(),
        ],
        cc: content.copy.clone().into_iter().collect(),
        envelopes,
        dated: None,
        content: Content::Introduction(Box::new(content)),
        continues: None,
        settings: None,
        consents: None,
    }))
}

fn content_of(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    pair: &Pair,
    (startup_person, investor_person): (Recipient, Recipient),
) -> Result<IntroductionContent, Error> {
    let matched = matches::load(conn, introduction.matched)?;
    Ok(IntroductionContent {
        programme: pair.programme.details.title.to_string(),
        startup: load_organization(conn, introduction, Side::Startup)?,
        startup_person,
        investor: load_organization(conn, introduction, Side::Investor)?,
        investor_person,
        meeting: introductions::meeting_content(context, conn, introduction)?,
        copy: reader_along(conn, introduction)?,
        one_liner: pair.profile.content.one_liner.clone(),
        partner: match introduction.partner {
            Some(partner) => db::organizations::find(conn, partner)?
                .map(|firm| firm.details.display_name().to_string()),
            None => None,
        },
        requester: introduction.requester,
        blurb: introduction.blurb.clone(),
        strengths: strengths(&matched.explanation.factors, &matched.explanation.strengths),
    })
}

/// The curator who gets the mail, too: where both sides agreed to it, and the
/// curator's address takes mail.
fn reader_along(conn: &mut Conn, introduction: &Introduction) -> Result<Option<Recipient>, Error> {
    if !consents::want_copy(conn, introduction.id)? {
        return Ok(None);
    }
    let Some(curator) = introductions::curator_of(conn, introduction)? else {
        return Ok(None);
    };
    let hindered = suppressions::hindrance(conn, &curator.email, None, None)?.is_some();
    Ok((!hindered).then_some(curator))
}

/// Queues the curator's copy of a mail that both sides have got by now.
pub(super) fn enqueue_copy(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    of: OutboxId,
) -> Result<(), Error> {
    if reader_along(conn, introduction)?.is_none() {
        return Ok(());
    }
    let Some(mail) = outbox::find(conn, of)? else {
        return Ok(());
    };
    let notice = Notice::IntroductionCopy {
        introduction: introduction.id,
        of,
    };
    let message = outbox::NewMessage {
        id: context.new_id(),
        intent_key: &format!("introduction_copy:{of}"),
        kind: "mail",
        subject: crate::domain::event::Subject::new(SubjectKind::Introduction, introduction.id),
        payload: json::notice::encode(&notice)?,
        // To a mail program it is the mail that the two have.
        message_id: mail.message_id,
        available_at: context.now(),
    };
    outbox::enqueue(conn, &message, context.now())?;
    Ok(())
}

fn prepare_copy(
    context: &Context,
    conn: &mut Conn,
    id: IntroductionId,
    of: OutboxId,
    claimed: &Claimed,
) -> Result<Prepared, Error> {
    let introduction = introductions::load(conn, id)?;
    let pair = introductions::pair(conn, &introduction)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    if decision.is_frozen() {
        return Ok(Prepared::Later);
    }
    if decision != Decision::Allow {
        return Ok(Prepared::Obsolete("gate_closed"));
    }
    let (Some(startup_person), Some(investor_person), Some(mail)) = (
        introductions::person_of(conn, &introduction, Side::Startup)?,
        introductions::person_of(conn, &introduction, Side::Investor)?,
        outbox::find(conn, of)?,
    ) else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    for (side, person) in [
        (Side::Startup, &startup_person),
        (Side::Investor, &investor_person),
    ] {
        if !consents::has_agreed(conn, id, side, &person.email, None)? {
            // Who stands for the side by now is not in the mail.
            return Ok(Prepared::Obsolete("no_recipient"));
        }
    }
    let people = (startup_person, investor_person);
    let content = content_of(context, conn, &introduction, &pair, people)?;
    let Some(curator) = content.copy.clone() else {
        return Ok(Prepared::Obsolete("consent_withdrawn"));
    };
    let envelope = Envelope {
        id: claimed.id.uuid(),
        email: curator.email,
        outcome: None,
    };
    let mut prepared = connecting(content, vec![envelope]);
    if let Prepared::Ready(ready) = &mut prepared {
        ready.dated = Some(mail.first_tried_at.unwrap_or(mail.created_at));
    }
    Ok(prepared)
}

/// What changed about the meeting of both, told to each who still gets mail
/// about the introduction and had the mail that connected them.
fn prepare_meeting(
    context: &Context,
    conn: &mut Conn,
    id: IntroductionId,
    sequence: u32,
    claimed: &Claimed,
) -> Result<Prepared, Error> {
    use IntroductionStatus as S;
    db::introductions::lock(conn, id)?;
    let introduction = introductions::load(conn, id)?;
    let content = introductions::meeting_content(context, conn, &introduction)?;
    let Some(meeting) = content.filter(|meeting| meeting.sequence == sequence) else {
        // Another time was told since, or this one has come.
        return Ok(Prepared::Obsolete("no_longer_wanted"));
    };
    let goes_on = matches!(
        introduction.status,
        S::Sent | S::InConversation | S::Met | S::Converted
    );
    if !meeting.cancelled && !goes_on {
        return Ok(Prepared::Obsolete("no_longer_wanted"));
    }
    let pair = introductions::pair(conn, &introduction)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::Running)?;
    if decision.is_frozen() {
        return Ok(Prepared::Later);
    }
    if decision != Decision::Allow && !meeting.cancelled {
        return Ok(Prepared::Obsolete("gate_closed"));
    }
    let mut people = Vec::new();
    let mut readers = Vec::new();
    for side in [Side::Startup, Side::Investor] {
        let Some(person) = introductions::person_of(conn, &introduction, side)? else {
            return Ok(Prepared::Obsolete("no_recipient"));
        };
        let told = envelopes::has_got(conn, SubjectKind::Introduction, id.uuid(), &person.email)?;
        let kept = suppressions::hindrance(conn, &person.email, None, None)?.is_some();
        if told && !kept && !consents::took_back(conn, id, &person.email)? {
            readers.push(person.clone());
        }
        let Some(named) = introductions::named_for(conn, &introduction, side, &person)? else {
            return Ok(Prepared::Obsolete("no_recipient"));
        };
        people.push(named);
    }
    let Ok(people) = <[Recipient; 2]>::try_from(people) else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let mut opened = Vec::new();
    for reader in &readers {
        let id = context.new_id();
        let now = context.now();
        opened.push(envelopes::open(conn, claimed.id, &reader.email, id, now)?);
    }
    if readers.is_empty() {
        return Ok(Prepared::Obsolete("no_recipient"));
    }
    let news = MeetingNews {
        programme: pair.programme.details.title.to_string(),
        meeting,
        people,
    };
    Ok(Prepared::Ready(Box::new(Ready {
        to: readers,
        cc: vec![],
        envelopes: opened,
        dated: None,
        content: Content::Meeting(Box::new(news)),
        continues: outbox::sent_before(conn, &format!("introduction:{id}:"))?,
        settings: None,
        consents: None,
    })))
}
