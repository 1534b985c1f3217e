//! Introductions that a partner asks for: between two firms of a programme
//! that it is a party to. The startup is asked first, as when a curator asks,
//! and the partner learns where its request stands and nothing of who answered
//! what.

use uuid::Uuid;

use crate::db::introductions::InsertOutcome;
use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::disclosure::Decision;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{
    IntroductionId, MandateId, OrganizationId, ProgrammeId, StartupProfileId,
};
use crate::domain::introduction::{Action, Introduction, Requester, step};
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::requester::PartnerState;
use crate::domain::review::{self, MatchAction};
use crate::domain::values::OrganizationKind;
use crate::services::once::{Recorded, write_once, write_once_or_refuse};
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, Intent, matches};

use super::asking::{
    check, check_blurb, new_introduction, not_available_now, note_denied, place, unavailable,
};
use super::course::commit;
use super::{load, quotas};

/// What a partner asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// For which partner.
    pub partner: OrganizationId,
    /// In which programme.
    pub programme: ProgrammeId,
    /// The startup's profile.
    pub startup_profile: StartupProfileId,
    /// The investor's mandate.
    pub mandate: MandateId,
    /// Why, in words that name nobody.
    pub blurb: String,
}

/// What a partner sees of a request of its own.
#[derive(Debug, Clone)]
pub struct Asked(pub Introduction);

impl Asked {
    /// Where it stands, as the partner is told.
    pub fn state(&self) -> PartnerState {
        self.0.status.for_partner()
    }

    /// Counts what the partner is told, so that it can't count what it isn't.
    pub fn version(&self) -> i64 {
        match self.state() {
            PartnerState::Open => 1,
            PartnerState::Introduced | PartnerState::NotTakenUp => 2,
        }
    }
}

impl Recorded for Asked {
    fn id(&self) -> Uuid {
        self.0.id.uuid()
    }

    fn version(&self) -> i64 {
        Self::version(self)
    }
}

/// Asks for an introduction of two firms for a partner.
///
/// # Errors
/// Not found where the partner is no party to the programme; one neutral
/// refusal for all that would tell of the two.
pub async fn request_for_partner(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    wanted: Wanted,
) -> Result<Asked, Error> {
    caller.may(Operation::ReadReferral, &[wanted.partner])?;
    caller.may(Operation::RequestIntroduction, &[wanted.partner])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once_or_refuse(
        context,
        caller.id(),
        intent,
        move |conn| request_in(&context_in, &caller_in, conn, &wanted),
        |conn, id| load(conn, id.into()).map(Asked),
    )
    .await
}

fn request_in(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    wanted: &Wanted,
) -> Result<Result<Asked, Refusal>, Error> {
    if !db::programmes::is_party(conn, wanted.programme, wanted.partner)? {
        return Err(Error::NotFound);
    }
    // Before anything is looked up: what is wrong with it tells of no match.
    check_blurb(context, &wanted.blurb)?;
    let (programme, profile) = (wanted.programme, wanted.startup_profile);
    let matched = db::matches::live_of(conn, programme, profile, wanted.mandate)?;
    // Whether the two were matched is theirs and the operator's to know.
    let matched = matched.ok_or_else(not_available_now)?;
    let moved = review::step(&matched, MatchAction::Introduce, Hat::Partner, true)
        .map_err(|_| not_available_now())?;
    let introduction = Introduction {
        partner: Some(wanted.partner),
        ..new_introduction(
            context,
            caller,
            &matched,
            Requester::Partner,
            wanted.blurb.clone(),
        )
    };
    quotas::check(context, conn, &introduction)?;
    db::mandates::lock(conn, introduction.mandate)?;
    // Nor is a deal of the two opened by hand meanwhile.
    db::organizations::lock_pair(conn, [introduction.startup, introduction.investor])?;
    check(context, conn, &introduction).map_err(neutral)?;
    let decision = place(context, conn, &introduction).map_err(neutral)?;
    if let Decision::Deny { rules } = &decision {
        note_denied(context, caller, conn, &introduction, rules)?;
        return Ok(Err(unavailable()));
    }
    if db::introductions::insert(conn, &introduction)? == InsertOutcome::LivePairExists {
        return Err(not_available_now());
    }
    matches::introduce(context, caller, conn, &matched, moved)?;
    context.pen(caller.actor()).append(
        conn,
        "introduction.requested",
        (SubjectKind::Introduction, introduction.id),
        vec![
            ("requester", code(Requester::Partner.code())),
            ("match", Value::Id(matched.id.uuid())),
            ("programme", Value::Id(matched.programme.uuid())),
            ("blurb", Value::hash_of(&introduction.blurb)),
        ],
    )?;
    super::apply_system(context, conn, &introduction, &Action::Gate(decision))
        .map(|made| Ok(Asked(made)))
        .map_err(neutral)
}

/// What is wrong with the words is told; what stands against the two isn't.
fn neutral(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.code != "blurb_not_clean" => not_available_now(),
        other => other,
    }
}

/// A partner's requests, oldest first.
///
/// # Errors
/// Not found for who belongs to no partner.
pub async fn list_of_partner(
    context: &Context,
    caller: &Caller,
    page: PageRequest,
) -> Result<Page<Asked>, Error> {
    let partner = caller.organizations(OrganizationKind::Partner).next();
    let partner = partner.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadReferral, &[partner])?;
    read_page(
        context,
        format!("partner requests {partner}"),
        page,
        move |conn, cursor, limit| {
            let found = db::introductions::of_partner(conn, partner, cursor, limit)?;
            Ok(found.into_iter().map(Asked).collect())
        },
        |asked| after(asked.0.created_at, asked.0.id),
    )
    .await
}

/// One request of a partner's.
///
/// # Errors
/// Not found for everybody but the partner.
pub async fn find_of_partner(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Asked, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| own(conn, &caller, id).map(Asked))
        .await
}

fn own(conn: &mut Conn, caller: &Caller, id: IntroductionId) -> Result<Introduction, Error> {
    let found = load(conn, id)?;
    let partner = found.partner.ok_or(Error::NotFound)?;
    if !caller.belongs_to(partner) {
        return Err(Error::NotFound);
    }
    caller.may(Operation::ReadReferral, &[partner])?;
    Ok(found)
}

/// What a partner can do with a request of its own now.
///
/// # Errors
/// Not found for everybody but the partner.
pub async fn actions_of_partner(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let asked = find_of_partner(context, caller, id).await?;
    let owner: Vec<OrganizationId> = asked.0.partner.into_iter().collect();
    let theirs = caller.may(Operation::RequestIntroduction, &owner).is_ok();
    let open = step(&asked.0, &Action::Withdraw, Hat::Partner).is_ok();
    Ok((theirs && open)
        .then_some((Action::Withdraw.code(), None))
        .into_iter()
        .collect())
}

/// A partner takes its request back, as long as nobody was introduced.
///
/// # Errors
/// Not found for everybody but the partner; a refusal when it is too late.
pub async fn withdraw_for_partner(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: IntroductionId,
    expected: Option<i64>,
) -> Result<Asked, Error> {
    let (context_in, caller_in, caller_again) = (context.clone(), caller.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            db::introductions::lock(conn, id)?;
            let before = own(conn, &caller_in, id)?;
            let partner = before.partner.ok_or(Error::NotFound)?;
            caller_in.may(Operation::RequestIntroduction, &[partner])?;
            check_version(expected, Asked(before.clone()).version())?;
            let action = Action::Withdraw;
            let after = step(&before, &action, Hat::Partner)?;
            let actor = caller_in.actor();
            commit(&context_in, conn, &before, after, &action, actor).map(Asked)
        },
        move |conn, id| own(conn, &caller_again, id.into()).map(Asked),
    )
    .await
}
