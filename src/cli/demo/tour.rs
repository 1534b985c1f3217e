//! The tour: what the demo holds, and lines to try that work as they stand.

use crate::config::Config;
use crate::db;
use crate::domain::account::Role;
use crate::domain::ids::{ProgrammeId, StartupProfileId};
use crate::domain::introduction::IntroductionStatus;
use crate::domain::pipeline::DealStatus;
use crate::services::notices::{self, AskSight};
use crate::services::{Context, Error};
use crate::startup::Corridor;

use super::data::Demo;
use super::{Failure, PASSWORD};

/// What the tour shows.
struct Sights {
    startup: Option<(StartupProfileId, String)>,
    introductions: Vec<(IntroductionStatus, usize)>,
    deals: Vec<(String, DealStatus, usize)>,
    link: Option<String>,
    /// Addresses of a startup's and an investor's person.
    sign_ins: Vec<(&'static str, String)>,
    /// How many freezes are in force.
    freezes: usize,
}

/// Prints the tour to standard output.
pub async fn print(
    corridor: &Corridor,
    config: &Config,
    demo: &Demo,
    programme: ProgrammeId,
) -> Result<(), Failure> {
    let address = corridor.address().map_err(Failure::new)?;
    let base = config.server.public_url_at(address);
    let sights = look(&corridor.context, programme).await?;
    let curator = demo.users.iter().find(|user| user.is(Role::Curator));
    let curator = curator.map_or("", |user| user.email.as_str());
    let mail = config.data.dir.join("mail");
    say!("\nCorridor listens on {base}")?;
    say!("  reference   {base}/v1/docs")?;
    say!("  contract    {base}/v1/openapi.yaml")?;
    say!("  mails       {}/*.eml", mail.display())?;
    say!(
        "  firms       {} startups, {} investors, all invented; everybody's password is {PASSWORD}",
        demo.startups.len(),
        demo.investors.len()
    )?;
    for user in &demo.users {
        say!("  operator    {}", user.described())?;
    }
    for (side, who) in &sights.sign_ins {
        say!("  {side:<11} {who}")?;
    }
    say!("  no one-time codes: auth.operator_totp is off here, and required everywhere else")?;
    say!("  mail at any hour: mail.quiet_hours is off here, and on everywhere else")?;
    say!("\nIntroductions by state:")?;
    for (status, count) in &sights.introductions {
        say!("  {:<17} {count}", status.code())?;
    }
    say!("Deals by stage and status:")?;
    for (stage, status, count) in &sights.deals {
        say!("  {stage:<20} {:<9} {count}", status.code())?;
    }
    say!(
        "Freezes in force: {} (GET /v1/freezes); what they cover waits, and its consent page says so",
        sights.freezes
    )?;
    say!("\nSign in as a curator:")?;
    say!(
        "  TOKEN=$(curl -s {base}/v1/sessions -H 'Content-Type: application/json' -d '{{\"email\":\"{curator}\",\"password\":\"{PASSWORD}\"}}' | sed -E 's/.*\"access_token\" ?: ?\"([^\"]+)\".*/\\1/')"
    )?;
    if let Some((id, name)) = &sights.startup {
        say!("The three best mandates for {name}, each score explained:")?;
        say!(
            "  curl -s '{base}/v1/matches?startup={id}&limit=3' -H \"Authorization: Bearer $TOKEN\""
        )?;
    }
    say!("Introductions and deals:")?;
    say!("  curl -s '{base}/v1/introductions?limit=5' -H \"Authorization: Bearer $TOKEN\"")?;
    say!("  curl -s '{base}/v1/deals' -H \"Authorization: Bearer $TOKEN\"")?;
    if let Some(link) = &sights.link {
        say!("Answer an introduction as the investor who was asked (open it in a browser):")?;
        say!("  {link}")?;
    }
    say!("\nStop with Ctrl-C.")?;
    Ok(())
}

async fn look(context: &Context, programme: ProgrammeId) -> Result<Sights, Failure> {
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            let introductions = all_introductions(conn)?;
            let mut by_status: Vec<(IntroductionStatus, usize)> = vec![];
            for introduction in &introductions {
                match by_status
                    .iter_mut()
                    .find(|(status, _)| *status == introduction.status)
                {
                    Some((_, count)) => *count += 1,
                    None => by_status.push((introduction.status, 1)),
                }
            }
            by_status.sort();
            let asking = introductions
                .iter()
                .find(|introduction| introduction.status == IntroductionStatus::AskingSecond)
                .or_else(|| introductions.iter().find(|i| i.asked().is_some()));
            let link = match asking {
                Some(introduction) => link(&context_in, conn, introduction)?,
                None => None,
            };
            Ok::<_, Error>(Sights {
                sign_ins: sign_ins(conn, programme)?,
                freezes: db::freezes::active(conn, context_in.now())?.len(),
                startup: first_startup(conn, programme)?,
                introductions: by_status,
                deals: deals(conn)?,
                link,
            })
        })
        .await
        .map_err(Failure::from)
}

fn all_introductions(
    conn: &mut db::Conn,
) -> Result<Vec<crate::domain::introduction::Introduction>, Error> {
    let filter = db::introductions::Filter::default();
    Ok(db::introductions::list(conn, &filter, None, 1_000)?)
}

fn link(
    context: &Context,
    conn: &mut db::Conn,
    introduction: &crate::domain::introduction::Introduction,
) -> Result<Option<String>, Error> {
    let asks = db::introductions::asks(conn, introduction.id)?;
    let Some(ask) = asks
        .into_iter()
        .find(|ask| Some(ask.side) == introduction.asked())
    else {
        return Ok(None);
    };
    Ok(
        match notices::ask_content(context, conn, &ask, introduction)? {
            AskSight::Open(content) => Some(content.link),
            AskSight::Paused | AskSight::Over => None,
        },
    )
}

fn first_startup(
    conn: &mut db::Conn,
    programme: ProgrammeId,
) -> Result<Option<(StartupProfileId, String)>, Error> {
    let Some(profile) = db::programmes::startups(conn, programme)?
        .into_iter()
        .next()
    else {
        return Ok(None);
    };
    let firm = db::organizations::find(conn, profile.organization)?;
    Ok(firm.map(|firm| (profile.id, firm.details.display_name().to_string())))
}

/// The person of the first startup and of the first investor of the programme.
fn sign_ins(
    conn: &mut db::Conn,
    programme: ProgrammeId,
) -> Result<Vec<(&'static str, String)>, Error> {
    let startup = db::programmes::startups(conn, programme)?
        .into_iter()
        .next();
    let mandate = db::programmes::mandates(conn, programme)?
        .into_iter()
        .next();
    let firms = [
        ("startup", startup.map(|profile| profile.organization)),
        ("investor", mandate.map(|mandate| mandate.organization)),
    ];
    let mut named = vec![];
    for (side, firm) in firms {
        let Some(firm) = firm else { continue };
        let name = db::organizations::find(conn, firm)?;
        let name = name.map(|found| found.details.display_name().to_string());
        let person = db::users::members(conn, firm)?.into_iter().next();
        if let (Some(name), Some((user, role))) = (name, person) {
            let line = format!("{:<32} {:<11} {name}", user.email.to_string(), role.code());
            named.push((side, line));
        }
    }
    Ok(named)
}

fn deals(conn: &mut db::Conn) -> Result<Vec<(String, DealStatus, usize)>, Error> {
    let found = db::deals::list(conn, &db::deals::Filter::default(), None, 1_000)?;
    let mut counted: Vec<(String, DealStatus, usize)> = vec![];
    for deal in found {
        let same = |(stage, status, _): &&mut (String, DealStatus, usize)| {
            *stage == deal.stage.as_str() && *status == deal.status
        };
        match counted.iter_mut().find(same) {
            Some((_, _, count)) => *count += 1,
            None => counted.push((deal.stage.to_string(), deal.status, 1)),
        }
    }
    Ok(counted)
}
