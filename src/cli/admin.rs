//! `corridor admin`: accounts of the operator's people.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};

use crate::config::Config;
use crate::domain::account::Role;
use crate::domain::text::{Email, Language, Name};
use crate::domain::values::OrganizationKind;
use crate::services::Clock;
use crate::services::accounts::{self, NewUser};
use crate::services::tickets;
use crate::startup::{context, open_store};

use super::Failure;

/// Commands of `corridor admin`.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make an account for one of the operator's people; the password is read
    /// from standard input, one line
    CreateUser(CreateUser),
    /// Print a link, for one use, with which somebody joins the operator's
    /// people; works on an empty store
    Invite(Invite),
}

/// Arguments of `corridor admin invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// The person's address; it becomes the one to sign in with
    email: Email,
    /// curator, compliance, admin or auditor
    #[arg(long, value_parser = operator_role)]
    role: Role,
}

/// Arguments of `corridor admin create-user`.
#[derive(Debug, Args)]
pub struct CreateUser {
    /// The address to sign in with
    email: Email,
    /// What the person is called
    #[arg(long)]
    name: Name,
    /// curator, compliance, admin or auditor; may be given several times
    #[arg(long = "role", required = true, value_parser = operator_role)]
    roles: Vec<Role>,
    /// The language the person reads, such as en, he, az or ru
    #[arg(long, default_value = "en")]
    language: Language,
    /// The person's time zone
    #[arg(long, default_value = "UTC")]
    zone: chrono_tz::Tz,
}

fn operator_role(text: &str) -> Result<Role, String> {
    Role::from_code(text)
        .filter(|role| role.fits(OrganizationKind::Operator))
        .ok_or_else(|| "must be curator, compliance, admin or auditor".to_owned())
}

/// Runs a command of `corridor admin`.
pub async fn run(config: &Config, command: AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::CreateUser(user) => create_user(config, user).await,
        AdminCommand::Invite(invitation) => invite(config, invitation).await,
    }
}

async fn invite(config: &Config, arguments: Invite) -> Result<(), Failure> {
    let db = open_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let link = tickets::invite_operator(&context, arguments.email, arguments.role).await?;
    say!("{link}")?;
    eprintln!(
        "The link works once, for 14 days, where the service runs. If people reach it elsewhere than at {}, set server.public_url and ask again.",
        config.server.public_url_at(config.server.listen)
    );
    context.db.clone().close().await;
    Ok(())
}

async fn create_user(config: &Config, arguments: CreateUser) -> Result<(), Failure> {
    let password = read_password()?;
    let db = open_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let user = NewUser {
        email: arguments.email.clone(),
        name: arguments.name,
        language: arguments.language,
        zone: arguments.zone,
        password,
    };
    let id = accounts::create_operator_user(&context, user, arguments.roles).await?;
    say!("Made the account {id} for {}.", arguments.email)?;
    context.db.clone().close().await;
    Ok(())
}

fn read_password() -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Password (shown as you type; pipe it in to avoid that):");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(Failure::new)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Failure::usage("no password came on standard input"));
    }
    Ok(password)
}
