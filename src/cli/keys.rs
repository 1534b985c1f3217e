//! `corridor keys`: the keys that sign access tokens.

use clap::Subcommand;

use crate::config::Config;
use crate::services::{Clock, signing};
use crate::startup::{context, open_existing_store};

use super::Failure;

/// Commands of `corridor keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Have a new key sign from now on. Tokens of the old one hold until they
    /// run out; running servers take the new one over within half a minute
    Rotate,
}

/// Runs a command of `corridor keys`.
pub async fn run(config: &Config, command: KeysCommand) -> Result<(), Failure> {
    let KeysCommand::Rotate = command;
    let db = open_existing_store(config)?;
    let url = config.server.public_url_at(config.server.listen);
    let context = context(config, db, Clock::System, url).await?;
    let kid = signing::rotate(&context).await?;
    say!("{kid} signs from now on.")?;
    context.db.clone().close().await;
    Ok(())
}
