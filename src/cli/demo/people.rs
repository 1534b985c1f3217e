//! The people and firms of the demo, registered, reviewed and admitted.

use chrono::TimeDelta;

use crate::cli::progress::Progress;
use crate::db;
use crate::domain::account::Role;
use crate::domain::admission::Admission;
use crate::domain::compliance::{ClearanceVerdict, Proof};
use crate::domain::ids::{OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::MandateAction;
use crate::domain::organization::OrganizationDetails;
use crate::domain::profile::ProfileAction;
use crate::domain::programme::{Corridor as Direction, Party, PartyRole, ProgrammeDetails};
use crate::services::accounts::{self, NewUser};
use crate::services::compliance::{self, NewClearance};
use crate::services::programmes;
use crate::services::startups::{self, Move};
use crate::services::{Caller, Context, Error, mandates};

use super::data::{Demo, InvestorEntry, MandateEntry, StartupEntry, day, value};
use super::{Failure, PASSWORD, agreement};

/// A firm of the demo with its person.
pub struct Member {
    /// The firm.
    pub organization: OrganizationId,
    /// Its person.
    pub caller: Caller,
}

/// A startup of the demo.
pub struct Startup {
    /// Firm and person.
    pub member: Member,
    /// Its profile.
    pub profile: StartupProfileId,
    /// Whether it is published and admitted.
    pub live: bool,
}

/// An investor of the demo.
pub struct Investor {
    /// Firm and person.
    pub member: Member,
}

/// Everybody, once they have settled.
pub struct Settled {
    /// The programme.
    pub programme: ProgrammeId,
    /// A curator.
    pub curator: Caller,
    /// The people of compliance.
    pub compliance: Vec<Caller>,
    /// The startups.
    pub startups: Vec<Startup>,
    /// The investors.
    pub investors: Vec<Investor>,
}

/// Registers everybody, takes the profiles through review and opens the
/// programme.
pub async fn settle(
    context: &Context,
    demo: &Demo,
    bar: &mut Progress,
) -> Result<Settled, Failure> {
    let (curator, compliance) = operators(context, demo).await?;
    rates(context, demo).await?;
    let programme = open_programme(context, demo, &curator, bar).await?;
    let mut settled = Settled {
        programme,
        curator,
        compliance,
        startups: vec![],
        investors: vec![],
    };
    for (place, entry) in demo.startups.iter().enumerate() {
        let startup = settle_startup(context, &settled, entry, place).await?;
        settled.startups.push(startup);
        bar.step();
    }
    for (place, entry) in demo.investors.iter().enumerate() {
        let investor = settle_investor(context, &settled, entry, place).await?;
        settled.investors.push(investor);
        bar.step();
    }
    Ok(settled)
}

async fn operators(context: &Context, demo: &Demo) -> Result<(Caller, Vec<Caller>), Failure> {
    let mut curator = None;
    let mut compliance = vec![];
    for entry in &demo.users {
        let (user, role) = entry.user(PASSWORD).map_err(Failure::new)?;
        let email = user.email.key();
        accounts::create_operator_user(context, user, vec![role]).await?;
        let caller = caller(context, &email).await?;
        match role {
            Role::Curator if curator.is_none() => curator = Some(caller),
            Role::Compliance => compliance.push(caller),
            _ => {}
        }
    }
    let curator = curator.ok_or_else(|| Failure::new("the demo has no curator"))?;
    Ok((curator, compliance))
}

/// Who has that address, with the parts they play now.
pub async fn caller(context: &Context, email_key: &str) -> Result<Caller, Failure> {
    let key = email_key.to_owned();
    context
        .db
        .read(move |conn| {
            let user = db::users::find_by_email(conn, &key)?.ok_or(Error::NotFound)?;
            let memberships = db::users::memberships(conn, user.id)?;
            Ok::<_, Error>(Caller::new(user, memberships))
        })
        .await
        .map_err(Failure::from)
}

async fn rates(context: &Context, demo: &Demo) -> Result<(), Failure> {
    let date = day(&demo.rates.date).map_err(Failure::new)?;
    // The story is told over weeks before the day of the rates; one quotation
    // serves all of it.
    let first = context.now().date_naive().min(date);
    let quotes = demo
        .rates
        .usd_micros
        .iter()
        .map(|(code, micros)| Ok((value(code)?, *micros)))
        .collect::<Result<Vec<_>, String>>()
        .map_err(Failure::new)?;
    context
        .db
        .write(move |conn| db::rates::insert(conn, first, &quotes).map(drop))
        .await
        .map_err(Failure::new)
}

async fn open_programme(
    context: &Context,
    demo: &Demo,
    curator: &Caller,
    bar: &mut Progress,
) -> Result<ProgrammeId, Failure> {
    let mut parties = vec![];
    for firm in &demo.parties {
        let registration = firm.registration(PASSWORD).map_err(Failure::new)?;
        let member = register(context, registration).await?;
        parties.push(Party {
            organization: member.organization,
            role: PartyRole::Signatory,
        });
        bar.step();
    }
    let entry = &demo.programme;
    let details = programme_details(entry, parties).map_err(Failure::new)?;
    let draft = programmes::create(context, curator, None, details).await?;
    let programme = agreement::bring_into_force(context, curator, draft).await?;
    Ok(programme.id)
}

fn programme_details(
    entry: &super::data::ProgrammeEntry,
    parties: Vec<Party>,
) -> Result<ProgrammeDetails, String> {
    Ok(ProgrammeDetails {
        slug: value(&entry.slug)?,
        title: value(&entry.title)?,
        corridors: entry
            .corridors
            .iter()
            .map(|direction| {
                Ok(Direction {
                    startup: value(&direction.startup)?,
                    investor: value(&direction.investor)?,
                })
            })
            .collect::<Result<_, String>>()?,
        scope_tags: vec![],
        parties,
        starts_on: day(&entry.starts_on)?,
        ends_on: day(&entry.ends_on)?,
    })
}

async fn register(
    context: &Context,
    (details, user): (OrganizationDetails, NewUser),
) -> Result<Member, Failure> {
    let email = user.email.key();
    accounts::found(context, details, user).await?;
    let caller = caller(context, &email).await?;
    let organization = caller
        .memberships
        .first()
        .map(|member| member.organization)
        .ok_or_else(|| Failure::new(format!("{email} was not registered")))?;
    Ok(Member {
        organization,
        caller,
    })
}

async fn settle_startup(
    context: &Context,
    settled: &Settled,
    entry: &StartupEntry,
    place: usize,
) -> Result<Startup, Failure> {
    let member = register(context, entry.registration(PASSWORD).map_err(Failure::new)?).await?;
    let content = entry.content().map_err(Failure::new)?;
    let profile =
        startups::create(context, &member.caller, None, member.organization, content).await?;
    // One in twelve waits for its check, as in life.
    if place % 12 != 11 {
        clear(
            context,
            settled,
            member.organization,
            ClearanceVerdict::Clear,
        )
        .await?;
    }
    let live = entry.status == "published";
    if live || entry.status == "submitted" {
        advance(context, &member.caller, profile.id, ProfileAction::Submit).await?;
    }
    if live {
        advance(context, &settled.curator, profile.id, ProfileAction::Claim).await?;
        let officer = officer(settled)?;
        startups::agree(context, officer, None, profile.id, None).await?;
        advance(
            context,
            &settled.curator,
            profile.id,
            ProfileAction::Approve,
        )
        .await?;
        advance(context, &member.caller, profile.id, ProfileAction::Publish).await?;
        let admission = Admission::StartupProfile(profile.id);
        programmes::admit(
            context,
            &settled.curator,
            None,
            settled.programme,
            admission,
        )
        .await?;
    }
    Ok(Startup {
        member,
        profile: profile.id,
        live,
    })
}

fn officer(settled: &Settled) -> Result<&Caller, Failure> {
    settled
        .compliance
        .first()
        .ok_or_else(|| Failure::new("the demo has nobody in compliance"))
}

async fn clear(
    context: &Context,
    settled: &Settled,
    organization: OrganizationId,
    verdict: ClearanceVerdict,
) -> Result<(), Failure> {
    let exposed = verdict == ClearanceVerdict::ClearEnhanced;
    if exposed {
        // Nobody's risk is accepted before it was looked at.
        Box::pin(clear(
            context,
            settled,
            organization,
            ClearanceVerdict::Review,
        ))
        .await?;
    }
    let days = if exposed { 182 } else { 365 };
    let source = "The budget of the state: a demonstration.";
    let new = NewClearance {
        organization,
        verdict,
        basis: "Demonstration: no real check was made.".to_owned(),
        proof: Proof {
            reference: Some("None: a demonstration".to_owned()),
            document: None,
        },
        source_of_funds: exposed.then(|| source.to_owned()),
        valid_to: (context.now() + TimeDelta::days(days)).date_naive(),
        after: None,
    };
    compliance::record_clearance(context, officer(settled)?, None, new).await?;
    Ok(())
}

async fn advance(
    context: &Context,
    caller: &Caller,
    profile: StartupProfileId,
    action: ProfileAction,
) -> Result<(), Failure> {
    startups::transition(
        context,
        caller,
        None,
        profile,
        None,
        action,
        Move::default(),
    )
    .await?;
    Ok(())
}

async fn settle_investor(
    context: &Context,
    settled: &Settled,
    entry: &InvestorEntry,
    place: usize,
) -> Result<Investor, Failure> {
    let member = register(context, entry.registration(PASSWORD).map_err(Failure::new)?).await?;
    // Money close to the state is the normal case here: looked at twice as
    // often, not refused.
    let verdict = if entry.investor_type.starts_with("state_") {
        ClearanceVerdict::ClearEnhanced
    } else {
        ClearanceVerdict::Clear
    };
    if place % 12 != 11 {
        clear(context, settled, member.organization, verdict).await?;
    }
    for mandate in &entry.mandates {
        settle_mandate(context, settled, &member, mandate).await?;
    }
    Ok(Investor { member })
}

async fn settle_mandate(
    context: &Context,
    settled: &Settled,
    member: &Member,
    entry: &MandateEntry,
) -> Result<(), Failure> {
    let content = entry.content().map_err(Failure::new)?;
    let mandate =
        mandates::create(context, &member.caller, None, member.organization, content).await?;
    if entry.status == "draft" {
        return Ok(());
    }
    let step = |action| {
        mandates::transition(
            context,
            &member.caller,
            None,
            mandate.id,
            None,
            action,
            None,
        )
    };
    step(MandateAction::Publish).await?;
    let admission = Admission::Mandate(mandate.id);
    programmes::admit(
        context,
        &settled.curator,
        None,
        settled.programme,
        admission,
    )
    .await?;
    if entry.status == "paused" {
        step(MandateAction::Pause).await?;
    }
    Ok(())
}
