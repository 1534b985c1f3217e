//! Introductions: asked for, answered by both sides, sent once.

use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::link::LinkError;
use crate::db::introductions::{self, InsertOutcome};
pub use crate::db::introductions::{Filter, GivenAnswer};
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::account::User;
use crate::domain::disclosure::{Decision, Level};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{AskId, IntroductionId, MatchId, OrganizationId};
use crate::domain::introduction::{
    Action, Answer, Ask, AskState, Introduction, IntroductionStatus, RequestFacts, Requester,
    check_request, step,
};
use crate::domain::message::{Ending, Notice};
use crate::domain::permission::{Hat, Operation};
use crate::domain::review::{Match, MatchAction};
use crate::domain::values::{PassReason, Side};

use super::caller::in_any_hat;
use super::disclosure::{self, Pair};
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{AuthFault, Caller, Context, Error, Intent, deals, matches, notices};

/// Who gave an answer, as the page asks.
#[derive(Debug, Clone)]
pub struct Answerer {
    /// Their name.
    pub name: String,
    /// What they are at their firm.
    pub role: Option<String>,
}

/// An introduction as one reader may see it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The record.
    pub introduction: Introduction,
    /// The startup's name, where the reader may know it.
    pub startup_name: Option<String>,
    /// The investor's name, where the reader may know it.
    pub investor_name: Option<String>,
    /// The side the reader stands on; none for the operator's people.
    pub side: Option<Side>,
    /// A reason the asked side chose to share, for the requester.
    pub shared_reason: Option<PassReason>,
    /// The open question to the reader's side, if there is one.
    pub open_ask: Option<Ask>,
    /// Every answer with who gave it, for the operator's people.
    pub answers: Vec<GivenAnswer>,
}

/// Asks for an introduction out of a match. The side that asks counts as
/// accepted; the gate is asked in the same transaction.
pub async fn request(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    matched: MatchId,
    blurb: String,
) -> Result<Introduction, Error> {
    let context_in = context.clone();
    let caller_in = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| request_in(&context_in, &caller_in, conn, matched, blurb),
        |conn, id| load(conn, id.into()),
    )
    .await
}

fn request_in(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    matched: MatchId,
    blurb: String,
) -> Result<Introduction, Error> {
    let matched = matches::load(conn, matched)?;
    let sides = [matched.startup, matched.investor];
    caller.may(Operation::ReadMatch, &sides)?;
    caller.may(Operation::RequestIntroduction, &sides)?;
    if !caller.reads_everything() {
        // A match that was not released to the caller's side is not there.
        let side = caller
            .side(matched.startup, matched.investor)
            .ok_or(Error::NotFound)?;
        if !matched.visible_to(side) {
            return Err(Error::NotFound);
        }
    }
    let hats = caller.hats(matched.startup, matched.investor);
    let (moved, hat) = in_any_hat(&hats, |hat| {
        crate::domain::review::step(&matched, MatchAction::Introduce, hat, true)
    })?;
    let requester = match hat {
        Hat::Startup => Requester::Startup,
        Hat::Investor => Requester::Investor,
        _ => Requester::Curator,
    };
    let introduction = new_introduction(context, caller, &matched, requester, blurb);
    check(context, conn, &introduction)?;
    if introductions::insert(conn, &introduction)? == InsertOutcome::LivePairExists {
        return Err(Error::refused(
            "introduction_exists",
            "These two organizations have a live introduction already.",
        ));
    }
    let moved = Match {
        version: matched.version + 1,
        updated_at: context.now(),
        ..moved
    };
    matches::store(conn, &moved)?;
    context.pen(caller.actor()).append(
        conn,
        "introduction.requested",
        (SubjectKind::Introduction, introduction.id),
        vec![
            ("requester", code(requester.code())),
            ("match", Value::Id(matched.id.uuid())),
            ("programme", Value::Id(matched.programme.uuid())),
            ("blurb", Value::hash_of(&introduction.blurb)),
        ],
    )?;
    let pair = pair(conn, &introduction)?;
    let decision = disclosure::ask(context, conn, &pair)?;
    apply_system(context, conn, &introduction, &Action::Gate(decision))
}

fn new_introduction(
    context: &Context,
    caller: &Caller,
    matched: &Match,
    requester: Requester,
    blurb: String,
) -> Introduction {
    let now = context.now();
    Introduction {
        id: context.new_id(),
        programme: matched.programme,
        matched: matched.id,
        startup_profile: matched.startup_profile,
        startup: matched.startup,
        mandate: matched.mandate,
        investor: matched.investor,
        requester,
        requested_by: caller.id(),
        blurb,
        status: IntroductionStatus::Requested,
        startup_accepted: requester == Requester::Startup,
        investor_accepted: requester == Requester::Investor,
        extended: false,
        convert_reported_by: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn check(context: &Context, conn: &mut Conn, introduction: &Introduction) -> Result<(), Error> {
    let firms = [introduction.startup, introduction.investor];
    let firms = db::organizations::find_many(conn, &firms)?;
    let mandate = db::mandates::find(conn, introduction.mandate)?.ok_or(Error::NotFound)?;
    let facts = RequestFacts {
        // The unique index on live pairs is asked by the insert.
        live_exists: false,
        cool_down_until: db::matches::suppressed_until(
            conn,
            introduction.startup,
            introduction.investor,
        )?,
        open_for_mandate: introductions::open_for_mandate(conn, introduction.mandate)?,
        mandate_capacity: mandate.content.capacity.open_introductions,
        names: firms
            .iter()
            .flat_map(|firm| firm.details.all_names())
            .collect(),
        now: context.now(),
    };
    Ok(check_request(&introduction.blurb, &facts)?)
}

/// Carries out what the service itself does to an introduction, with all that
/// follows: questions put, mails queued, the match reopened, a deal opened.
pub(super) fn apply_system(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    action: &Action,
) -> Result<Introduction, Error> {
    let after = step(before, action, Hat::System)?;
    commit(context, conn, before, after, action, Actor::System)
}

/// Stores a new state, notes it and does what follows from it.
fn commit(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: Introduction,
    action: &Action,
    actor: Actor,
) -> Result<Introduction, Error> {
    let after = Introduction {
        version: before.version + 1,
        updated_at: context.now(),
        ..after
    };
    if !introductions::update(conn, &after)? {
        return Err(Error::StaleVersion);
    }
    log(context, conn, before, &after, action, actor)?;
    if after.status != before.status {
        enter(context, conn, before, &after)?;
    }
    Ok(after)
}

fn log(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
    action: &Action,
    actor: Actor,
) -> Result<(), Error> {
    let mut payload = vec![
        ("action", code(action.code())),
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
    ];
    match action {
        Action::Gate(Decision::Review { rules, two_people }) => {
            payload.push(("rules", rule_codes(rules)));
            payload.push(("two_people", Value::Flag(*two_people)));
        }
        Action::Gate(Decision::Deny { rules }) => payload.push(("rules", rule_codes(rules))),
        // The reason of a refusal stays private, also in the log that both
        // sides can read; the answer itself is on record beside it.
        Action::Answer(side, _) => payload.push(("side", code(side.code()))),
        _ => {}
    }
    context.pen(actor).append(
        conn,
        "introduction.moved",
        (SubjectKind::Introduction, after.id),
        payload,
    )
}

fn rule_codes(rules: &[crate::domain::disclosure::Rule]) -> Value {
    Value::Codes(rules.iter().map(|rule| rule.code().to_owned()).collect())
}

/// What follows from having come to a state.
fn enter(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
) -> Result<(), Error> {
    use IntroductionStatus as S;
    match after.status {
        S::AskingFirst | S::AskingSecond => put_question(context, conn, after),
        S::BothAccepted => notices::enqueue(
            context,
            conn,
            // A hold between consent and sending makes a second intent, which
            // the first one's mail, never sent, doesn't stand for.
            &format!("introduction:{}:{}", after.id, after.version),
            (SubjectKind::Introduction, after.id.uuid()),
            &Notice::Introduction {
                introduction: after.id,
            },
        ),
        S::Declined | S::Expired | S::Withdrawn | S::Refused | S::Blocked => {
            end(context, conn, before, after)
        }
        S::Converted => deals::open(context, conn, after),
        _ => Ok(()),
    }
}

/// Asks the person of the side whose turn it is: the first who may answer for
/// the organization.
fn put_question(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let Some(side) = introduction.asked() else {
        return Ok(());
    };
    let organization = introduction.organization(side);
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let person = person_to_ask(conn, organization)?.ok_or_else(|| {
        Error::refused(
            "nobody_to_ask",
            "The other side has nobody yet who could answer.",
        )
    })?;
    let now = context.now();
    let ask = Ask {
        id: context.new_id(),
        introduction: introduction.id,
        side,
        person: person.id,
        state: AskState::Open,
        expires_at: context.calendars.deadline(
            firm.details.country,
            person.zone,
            now,
            context.settings.ask_working_days,
        ),
        created_at: now,
    };
    introductions::insert_ask(conn, &ask)?;
    // Asking is consent: who accepted before is named to the one asked.
    let other = side.other();
    let level = if introduction.accepted(other) {
        Level::Named
    } else {
        Level::Teaser
    };
    disclosure::record(
        context,
        conn,
        &context.pen(Actor::System),
        introduction.programme,
        introduction.organization(other),
        organization,
        level,
        (SubjectKind::Introduction, introduction.id.uuid()),
    )?;
    notices::enqueue(
        context,
        conn,
        &format!("introduction_ask:{}", ask.id),
        (SubjectKind::Introduction, introduction.id.uuid()),
        &Notice::IntroductionAsk { ask: ask.id },
    )
}

/// Ends the open questions, keeps the pair apart where a side said no, and
/// tells the requester without a reason.
fn end(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    after: &Introduction,
) -> Result<(), Error> {
    introductions::kill_asks(conn, after.id)?;
    let now = context.now();
    if after.status == IntroductionStatus::Declined {
        let cool_down = TimeDelta::days(i64::from(context.settings.cool_down_days));
        db::matches::suppress(conn, after.startup, after.investor, now + cool_down)?;
    }
    let ending = match after.status {
        IntroductionStatus::Declined => Ending::Declined,
        IntroductionStatus::Expired => Ending::Expired,
        IntroductionStatus::Withdrawn => Ending::Withdrawn,
        _ => Ending::Refused,
    };
    let mut told = vec![];
    // Who took it back knows; the side that was asked meanwhile is told.
    if ending == Ending::Withdrawn {
        if let Some(side) = before.asked() {
            told.extend(person_to_ask(conn, after.organization(side))?.map(|person| person.id));
        }
    } else {
        told.push(after.requested_by);
    }
    for person in told {
        notices::enqueue(
            context,
            conn,
            &format!("introduction_closed:{}:{person}", after.id),
            (SubjectKind::Introduction, after.id.uuid()),
            &Notice::IntroductionClosed {
                introduction: after.id,
                person,
                ending,
            },
        )?;
    }
    Ok(())
}

fn person_to_ask(conn: &mut Conn, organization: OrganizationId) -> Result<Option<User>, Error> {
    Ok(db::users::members(conn, organization)?
        .into_iter()
        .find(|(_, role)| notices::answers_for(*role))
        .map(|(user, _)| user))
}

/// The person who stands for a side: who asked for it, who was asked, else
/// the first who may answer for the organization.
pub(super) fn person_of(
    conn: &mut Conn,
    introduction: &Introduction,
    side: Side,
) -> Result<Option<User>, Error> {
    if introduction.requester.side() == Some(side) {
        return Ok(db::users::find(conn, introduction.requested_by)?);
    }
    let answered = introductions::asks(conn, introduction.id)?
        .into_iter()
        .find(|ask| ask.side == side && ask.state == AskState::Answered);
    match answered {
        Some(ask) => Ok(db::users::find(conn, ask.person)?),
        None => person_to_ask(conn, introduction.organization(side)),
    }
}

/// One introduction, as the caller may see it.
pub async fn find(context: &Context, caller: &Caller, id: IntroductionId) -> Result<Seen, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let introduction = load(conn, id)?;
            see(conn, &caller, introduction)
        })
        .await
}

/// Shows an introduction to the caller, or hides it: the asked side sees it
/// from the moment it is asked.
fn see(conn: &mut Conn, caller: &Caller, introduction: Introduction) -> Result<Seen, Error> {
    caller.may(
        Operation::ReadIntroduction,
        &[introduction.startup, introduction.investor],
    )?;
    let side = if caller.reads_everything() {
        None
    } else {
        caller.side(introduction.startup, introduction.investor)
    };
    let asks = introductions::asks(conn, introduction.id)?;
    let reached = |side| asks.iter().any(|ask| ask.side == side);
    if let Some(side) = side
        && introduction.requester.side() != Some(side)
        && !reached(side)
    {
        return Err(Error::NotFound);
    }
    let name = |conn: &mut Conn, of: Side| -> Result<Option<String>, Error> {
        let known = match side {
            None => true,
            Some(side) => side == of || introduction.accepted(of),
        };
        if !known {
            return Ok(None);
        }
        let firm = db::organizations::find(conn, introduction.organization(of))?;
        Ok(firm.map(|firm| firm.details.display_name().to_string()))
    };
    let startup_name = name(conn, Side::Startup)?;
    let investor_name = name(conn, Side::Investor)?;
    let answers = match side {
        None => introductions::answers(conn, introduction.id)?,
        Some(_) => Vec::new(),
    };
    let shared_reason = decline_reason(conn, introduction.id, side.is_none())?;
    let open_ask = asks
        .into_iter()
        .find(|ask| ask.state == AskState::Open && Some(ask.side) == side);
    Ok(Seen {
        startup_name,
        investor_name,
        side,
        shared_reason,
        open_ask,
        answers,
        introduction,
    })
}

/// The reason of the side that declined, where it shared it.
pub(super) fn shared_reason(
    conn: &mut Conn,
    id: IntroductionId,
) -> Result<Option<PassReason>, Error> {
    decline_reason(conn, id, false)
}

fn decline_reason(
    conn: &mut Conn,
    id: IntroductionId,
    even_private: bool,
) -> Result<Option<PassReason>, Error> {
    Ok(introductions::answers(conn, id)?
        .into_iter()
        .find_map(|given| match given.answer {
            Answer::Decline { reason, share } if share || even_private => Some(reason),
            _ => None,
        }))
}

/// Introductions, oldest first: all for the operator's people, those that
/// concern it for a side.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Seen>, Error> {
    if !caller.reads_everything() {
        let own = caller.memberships.first().map(|member| member.organization);
        let organization = filter.organization.or(own).ok_or(Error::NotFound)?;
        if !caller.belongs_to(organization) {
            return Err(Error::NotFound);
        }
        filter.visible_to = Some(organization);
    }
    let caller = caller.clone();
    read_page(
        context,
        format!("introductions {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let rows = introductions::list(conn, &filter, cursor, limit)?;
            rows.into_iter()
                .map(|introduction| see(conn, &caller, introduction))
                .collect()
        },
        |seen| after(seen.introduction.created_at, seen.introduction.id),
    )
    .await
}

/// What somebody wants to do with an introduction.
#[derive(Debug, Clone)]
pub enum Step {
    /// Answer for one's side.
    Answer(Answer, Option<String>),
    /// Anything else the machine knows.
    Other(Action),
    /// Compliance releases what the gate holds; with a reason.
    Release(String),
}

/// Moves an introduction in its machine.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: IntroductionId,
    expected: Option<i64>,
    wanted: Step,
) -> Result<Introduction, Error> {
    let context_in = context.clone();
    let caller_in = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            see(conn, &caller_in, before.clone())?;
            caller_in.may(
                Operation::MoveIntroduction,
                &[before.startup, before.investor],
            )?;
            check_version(expected, before.version)?;
            match wanted {
                Step::Answer(answer, note) => {
                    answer_by_caller(&context_in, &caller_in, conn, &before, answer, note)
                }
                Step::Other(action) => {
                    let hats = caller_in.hats(before.startup, before.investor);
                    let (after, _) = in_any_hat(&hats, |hat| step(&before, &action, hat))?;
                    commit(
                        &context_in,
                        conn,
                        &before,
                        after,
                        &action,
                        caller_in.actor(),
                    )
                }
                Step::Release(reason) => release(&context_in, &caller_in, conn, &before, &reason),
            }
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

fn answer_by_caller(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    answer: Answer,
    note: Option<String>,
) -> Result<Introduction, Error> {
    let side = before.asked().ok_or_else(|| {
        Error::Refused(crate::domain::refusal::Refusal::no_transition(
            answer.code(),
            before.status.code(),
        ))
    })?;
    let hats = caller.hats(before.startup, before.investor);
    let action = Action::Answer(side, answer);
    let (_, _) = in_any_hat(&hats, |hat| step(before, &action, hat))?;
    let ask = introductions::asks(conn, before.id)?
        .into_iter()
        .find(|ask| ask.side == side && ask.state == AskState::Open)
        .ok_or(Error::StaleVersion)?;
    let answerer = Answerer {
        name: caller.user.name.to_string(),
        role: None,
    };
    record_answer(
        context,
        conn,
        before,
        &ask,
        answer,
        note,
        &answerer,
        caller.actor(),
    )
}

/// Compliance releases what is held; the gate then decides again, so that a
/// restricted tag needs a second person and a missing clearance a clearance.
fn release(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    before: &Introduction,
    reason: &str,
) -> Result<Introduction, Error> {
    caller.may(Operation::WriteCompliance, &[])?;
    if before.status != IntroductionStatus::Held {
        return Err(crate::domain::refusal::Refusal::no_transition(
            "release",
            before.status.code(),
        )
        .into());
    }
    let pair = pair(conn, before)?;
    if !disclosure::release(context, conn, &pair, caller.id(), reason)? {
        return Err(Error::refused(
            "second_person_needed",
            "You have released this already; somebody else of compliance has to agree.",
        ));
    }
    let decision = disclosure::ask(context, conn, &pair)?;
    let action = Action::Gate(decision);
    let after = step(before, &action, Hat::System)?;
    commit(context, conn, before, after, &action, caller.actor())
}

/// An open question as its page shows it.
#[derive(Debug, Clone)]
pub struct Question {
    /// The question.
    pub ask: Ask,
    /// What the mail said, and the page says again.
    pub content: notices::AskContent,
    /// Who is asked.
    pub person: User,
    /// Whether more time was asked for already.
    pub extended: bool,
}

/// What the link of a question opens.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It waits for an answer.
    Open(Box<Question>),
    /// It was answered.
    Answered(User),
    /// The introduction went on or ended without it.
    Over(User),
    /// Too late.
    Expired(User),
}

/// Reads the link of a question. Reading changes nothing: mail scanners
/// follow links.
pub async fn open_link(context: &Context, token: &str) -> Result<Opened, Error> {
    let id = match context.links.parse(token, context.now()) {
        // More time may have been granted since the link was made, so the
        // question's own deadline counts.
        Ok(token) | Err(LinkError::Expired(token)) => token.ask,
        Err(LinkError::Invalid) => return Err(Error::NotFound),
    };
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
            let person = db::users::find(conn, ask.person)?.ok_or(Error::NotFound)?;
            let late = ask.expires_at <= context_in.now();
            match ask.state {
                AskState::Answered => return Ok(Opened::Answered(person)),
                AskState::Open | AskState::Dead if late => return Ok(Opened::Expired(person)),
                AskState::Dead => return Ok(Opened::Over(person)),
                AskState::Open => {}
            }
            let introduction = load(conn, ask.introduction)?;
            match notices::ask_content(&context_in, conn, &ask, &introduction)? {
                Some(content) => Ok(Opened::Open(Box::new(Question {
                    extended: introduction.extended,
                    ask,
                    content,
                    person,
                }))),
                None => Ok(Opened::Over(person)),
            }
        })
        .await
}

/// Answers a question by its link. The link can answer once.
pub async fn answer_link(
    context: &Context,
    token: &str,
    answer: Answer,
    note: Option<String>,
    answerer: Answerer,
) -> Result<Introduction, Error> {
    let id = link_ask(context, token)?;
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let ask = introductions::find_ask(conn, id)?.ok_or(Error::NotFound)?;
            let before = load(conn, ask.introduction)?;
            record_answer(
                &context_in,
                conn,
                &before,
                &ask,
                answer,
                note,
                &answerer,
                Actor::Link(id),
            )
        })
        .await
}

fn link_ask(context: &Context, token: &str) -> Result<AskId, Error> {
    match context.links.parse(token, context.now()) {
        Ok(token) | Err(LinkError::Expired(token)) => Ok(token.ask),
        Err(LinkError::Invalid) => Err(Error::Unauthenticated(AuthFault::Invalid)),
    }
}

#[expect(clippy::too_many_arguments, reason = "one answer has that many parts")]
fn record_answer(
    context: &Context,
    conn: &mut Conn,
    before: &Introduction,
    ask: &Ask,
    answer: Answer,
    note: Option<String>,
    answerer: &Answerer,
    actor: Actor,
) -> Result<Introduction, Error> {
    let now = context.now();
    if let Answer::NotNow { until } = answer
        && until <= now
    {
        return Err(Error::refused(
            "date_needed",
            "“not_now” needs a date in the future.",
        ));
    }
    let hat = match ask.side {
        Side::Startup => Hat::Startup,
        Side::Investor => Hat::Investor,
    };
    let action = Action::Answer(ask.side, answer);
    let after = step(before, &action, hat)?;
    if answer == Answer::MoreTime {
        extend(context, conn, before, ask)?;
    } else if !introductions::answer_ask(conn, ask.id, now)? {
        return Err(Error::refused(
            "answered_already",
            "This question was answered, or its time has passed.",
        ));
    }
    introductions::insert_answer(
        conn,
        &GivenAnswer {
            id: context.new_id(),
            introduction: before.id,
            side: ask.side,
            ask: Some(ask.id),
            answer,
            note,
            person_name: answerer.name.clone(),
            person_role: answerer.role.clone(),
            created_at: now,
        },
    )?;
    let after = commit(context, conn, before, after, &action, actor)?;
    if let Answer::NotNow { until } = answer {
        db::matches::suppress(conn, before.startup, before.investor, until)?;
    }
    Ok(after)
}

/// Ten working days more, once.
fn extend(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
    ask: &Ask,
) -> Result<(), Error> {
    let firm = db::organizations::find(conn, introduction.organization(ask.side))?;
    let person = db::users::find(conn, ask.person)?;
    let (Some(firm), Some(person)) = (firm, person) else {
        return Err(Error::NotFound);
    };
    let expires_at = context.calendars.deadline(
        firm.details.country,
        person.zone,
        ask.expires_at - TimeDelta::microseconds(1),
        context.settings.ask_working_days,
    );
    if introductions::extend_ask(conn, ask.id, expires_at)? {
        Ok(())
    } else {
        Err(Error::refused(
            "answered_already",
            "This question was answered already.",
        ))
    }
}

/// Expires the questions whose time has passed; answers how many.
pub async fn expire_due(context: &Context, limit: usize) -> Result<usize, Error> {
    let now: DateTime<Utc> = context.now();
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            let due = introductions::due_asks(conn, now, limit)?;
            for ask in &due {
                let before = load(conn, ask.introduction)?;
                if before.asked() == Some(ask.side) {
                    apply_system(&context_in, conn, &before, &Action::Expire)?;
                } else {
                    introductions::kill_asks(conn, ask.introduction)?;
                }
            }
            Ok(due.len())
        })
        .await
}

/// What can be done with an introduction now, by code.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Vec<&'static str>, Error> {
    let seen = find(context, caller, id).await?;
    let introduction = &seen.introduction;
    let hats = caller.hats(introduction.startup, introduction.investor);
    let mut actions = vec![
        Action::Refuse,
        Action::Withdraw,
        Action::Reply,
        Action::Meet,
        Action::Convert,
        Action::Close,
        Action::Block,
    ];
    if let Some(side) = introduction.asked() {
        let reason = crate::domain::values::PassReason::Other;
        let until = context.now();
        actions.extend(
            [
                Answer::Accept,
                Answer::Decline {
                    reason,
                    share: false,
                },
                Answer::NotNow { until },
                Answer::MoreTime,
            ]
            .map(|answer| Action::Answer(side, answer)),
        );
    }
    let mut codes: Vec<&'static str> = actions
        .iter()
        .filter(|action| {
            hats.iter()
                .any(|hat| step(introduction, action, *hat).is_ok())
        })
        .map(Action::code)
        .collect();
    if introduction.status == IntroductionStatus::Held && hats.contains(&Hat::Compliance) {
        codes.push("release");
    }
    Ok(codes)
}

pub(super) fn load(conn: &mut Conn, id: IntroductionId) -> Result<Introduction, Error> {
    introductions::find(conn, id)?.ok_or(Error::NotFound)
}

pub(super) fn pair(conn: &mut Conn, introduction: &Introduction) -> Result<Pair, Error> {
    Pair::load(
        conn,
        introduction.programme,
        introduction.startup_profile,
        introduction.mandate,
    )
}
