//! Asking for an introduction: what a request must satisfy, and what the gate
//! says of it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::events::{self, Kinds};
use crate::db::introductions::InsertOutcome;
use crate::db::{self, Conn};
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::ids::MatchId;
use crate::domain::introduction::{
    Action, Introduction, IntroductionStatus, RequestFacts, Requester, check_request,
};
use crate::domain::meeting::Enclosed;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::review::{Match, MatchAction};
use crate::domain::screening::{self, Finding};
use crate::domain::terms;
use crate::services::caller::in_any_hat;
use crate::services::disclosure::{self, Occasion};
use crate::services::once::write_once_or_refuse;
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error, Intent, consents, matches};

use super::course::apply_system;
use super::{find_again, load, meetings, pair, quotas};

/// That a request was refused by the gate.
const DENIED: &str = "introduction.denied";
/// The most such lines of a match that are looked at.
const MOST_DENIED: usize = 1_000;

/// Asks for an introduction out of a match. The side that asks counts as
/// accepted; the gate is asked in the same transaction.
pub async fn request(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    matched: MatchId,
    blurb: String,
    enclosed: Enclosed,
) -> Result<Introduction, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (context_again, caller_again) = (context.clone(), caller.clone());
    let telling = Intent::telling_of(intent.as_ref());
    write_once_or_refuse(
        context,
        caller.id(),
        intent,
        move |conn| request_in(&context_in, &caller_in, conn, matched, blurb, enclosed),
        move |conn, id| {
            let found = load(conn, id.into())?;
            find_again(&context_again, conn, &caller_again, found, telling.as_ref())
        },
    )
    .await
}

fn request_in(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    matched: MatchId,
    blurb: String,
    enclosed: Enclosed,
) -> Result<Result<Introduction, Refusal>, Error> {
    let matched = matches::load(conn, matched)?;
    let sides = [matched.startup, matched.investor];
    caller.may(Operation::ReadMatch, &sides)?;
    caller.may(Operation::RequestIntroduction, &sides)?;
    if !caller.reads_all_of(&sides) {
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
    // A firm is taken before its records.
    quotas::check(context, conn, &introduction)?;
    // Two requests at once would each count without the other.
    db::mandates::lock(conn, introduction.mandate)?;
    // Nor is a deal of the two opened by hand meanwhile.
    db::organizations::lock_pair(conn, [introduction.startup, introduction.investor])?;
    check(context, conn, &introduction).map_err(|error| neutral(error, requester))?;
    let decision = place(context, conn, &introduction)?;
    if let Decision::Deny { rules } = &decision {
        note_denied(context, caller, conn, &introduction, rules)?;
        return Ok(Err(disclosure::refusal(rules, requester.side())));
    }
    if db::introductions::insert(conn, &introduction)? == InsertOutcome::LivePairExists {
        let exists = Error::refused(
            "introduction_exists",
            "These two organizations have a live introduction already.",
        );
        return Err(neutral(exists, requester));
    }
    if let Some(side) = requester.side() {
        let copy = enclosed.curator_copy;
        consents::of_requester(context, conn, &introduction, side, caller, copy)?;
        meetings::offer(conn, introduction.id, side, &enclosed.slots)?;
    }
    matches::introduce(context, caller, conn, &matched, moved)?;
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
    apply_system(context, conn, &introduction, &Action::Gate(decision)).map(Ok)
}

/// Notes that an introduction was asked for and the gate said no, with what it
/// said: in the log of the match, where neither side reads of it; once a day of
/// who asks.
pub(super) fn note_denied(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    introduction: &Introduction,
    rules: &[Rule],
) -> Result<(), Error> {
    let requester = code(introduction.requester.code());
    let of_match = Subject::new(SubjectKind::Match, introduction.matched);
    let kinds = Kinds::Only(&[DENIED]);
    // Who tries again and again fills no log.
    let lately = events::timeline_of(conn, of_match, kinds, 0, MOST_DENIED)?;
    let lately = lately.iter().any(|event| {
        let by = event.payload.iter().find(|(name, _)| name == "requester");
        by.is_some_and(|(_, by)| *by == requester)
            && event.at > introduction.created_at - TimeDelta::days(1)
    });
    if lately {
        return Ok(());
    }
    let codes = rules.iter().map(|rule| rule.code().to_owned());
    context.pen(caller.actor()).append(
        conn,
        DENIED,
        (SubjectKind::Match, introduction.matched),
        vec![
            ("requester", requester),
            ("programme", Value::Id(introduction.programme.uuid())),
            ("blurb", Value::hash_of(&introduction.blurb)),
            ("from", code(IntroductionStatus::Requested.code())),
            ("to", code(IntroductionStatus::Refused.code())),
            ("rules", Value::Codes(codes.collect())),
        ],
    )
}

/// What the gate says of a new request, and whether its words are to be read
/// first.
pub(super) fn place(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Decision, Error> {
    let pair = pair(conn, introduction)?;
    let decision = disclosure::ask(context, conn, &pair, Occasion::New)?;
    if matches!(decision, Decision::Deny { .. }) {
        return Ok(decision);
    }
    // A hit is no verdict: compliance reads it with the words marked. Nor is
    // the other side's name: whoever asks may not know it, and a refusal would
    // tell which of many names is the right one.
    let hits = terms::marked(&introduction.blurb, &context.taxonomy());
    let to_read = !hits.is_empty() || tells_the_other(conn, introduction)?;
    Ok(match decision {
        Decision::Allow if to_read => Decision::Review {
            rules: vec![Rule::Terms],
            two_people: false,
        },
        other => other,
    })
}

pub(super) fn new_introduction(
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
        partner: None,
        frozen_from: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// A side is not told that the other is busy or has said no before, nor until
/// when.
fn neutral(error: Error, requester: Requester) -> Error {
    let private = |code: &str| {
        matches!(
            code,
            "cooling_down" | "mandate_at_capacity" | "introduction_exists"
        )
    };
    match error {
        Error::Refused(refusal) if requester.side().is_some() && private(&refusal.code) => {
            not_available_now()
        }
        other => other,
    }
}

/// The same whatever stands against it.
pub(super) fn not_available_now() -> Error {
    unavailable().into()
}

/// The refusal of [`not_available_now`].
pub(super) fn unavailable() -> Refusal {
    Refusal::new(
        "not_available_now",
        "This introduction can't be asked for at present; the curators can say more.",
    )
}

/// Whether a side's blurb names the other one, or a partner's one of the two.
fn tells_the_other(conn: &mut Conn, introduction: &Introduction) -> Result<bool, Error> {
    let others = match introduction.requester {
        Requester::Startup => vec![introduction.investor],
        Requester::Investor => vec![introduction.startup],
        Requester::Partner => vec![introduction.startup, introduction.investor],
        Requester::Curator => vec![],
    };
    let others = db::organizations::find_many(conn, &others)?;
    let names = others.iter().flat_map(|firm| firm.details.all_names());
    let found = screening::findings(&introduction.blurb, names);
    let ids: Vec<_> = others.iter().map(|firm| firm.id).collect();
    let people = db::users::names_of_members(conn, &ids)?;
    let people = people.values().flatten().map(String::as_str);
    Ok(found.contains(&Finding::OrganizationName)
        || screening::names_somebody(&introduction.blurb, people))
}

/// Refuses a blurb that gives anybody away whoever the two are.
pub(super) fn check_blurb(context: &Context, blurb: &str) -> Result<(), Error> {
    let facts = RequestFacts {
        live_exists: false,
        cool_down_until: None,
        open_for_mandate: 0,
        mandate_capacity: 1,
        names: vec![],
        people: vec![],
        now: context.now(),
    };
    Ok(check_request(blurb, &facts)?)
}

/// Until when the two are left alone: because of a no, or because somebody was
/// asked a short while ago by a request that was taken back or not answered.
/// Curators know why they ask again.
fn cool_down_until(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<Option<DateTime<Utc>>, Error> {
    let (startup, investor) = (introduction.startup, introduction.investor);
    let declined = db::matches::suppressed_until(conn, startup, investor)?;
    if introduction.requester == Requester::Curator {
        return Ok(declined);
    }
    let rest = TimeDelta::days(i64::from(context.settings.ask_again_days));
    let in_vain = db::introductions::asked_in_vain(conn, startup, investor)?;
    Ok(declined.max(in_vain.map(|at| at + rest)))
}

/// A side is told of its own name alone, a partner of none.
pub(super) fn check(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<(), Error> {
    let firms = match introduction.requester {
        Requester::Startup => vec![introduction.startup],
        Requester::Investor => vec![introduction.investor],
        Requester::Curator => vec![introduction.startup, introduction.investor],
        Requester::Partner => vec![],
    };
    let people = db::users::names_of_members(conn, &firms)?;
    let firms = db::organizations::find_many(conn, &firms)?;
    let mandate = db::mandates::find(conn, introduction.mandate)?.ok_or(Error::NotFound)?;
    let facts = RequestFacts {
        // The unique index on live pairs is asked by the insert.
        live_exists: false,
        cool_down_until: cool_down_until(context, conn, introduction)?,
        open_for_mandate: db::introductions::open_for_mandate(conn, introduction.mandate)?,
        mandate_capacity: mandate.content.capacity.open_introductions,
        names: firms
            .iter()
            .flat_map(|firm| firm.details.all_names())
            .collect(),
        people: people.values().flatten().map(String::as_str).collect(),
        now: context.now(),
    };
    Ok(check_request(&introduction.blurb, &facts)?)
}
