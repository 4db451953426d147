//! The commands, a subject a file.

mod audit;
mod backup;
mod category;
mod course;
mod doctor;
mod duplicate;
mod event;
mod items;
mod job;
mod notice;
mod participants;
mod plugin;
mod role;
mod serve;
mod service;
mod target;
mod token;
mod user;

use crate::cli::{Cli, Command};
use crate::site::Site;
use anyhow::Result;
use clap::CommandFactory;
use std::io::Write;

/// Runs the command.
pub async fn run(cli: Cli) -> Result<()> {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "provost", &mut script);
        return Ok(std::io::stdout().lock().write_all(&script)?);
    }
    let site = Site::open(&cli).await?;
    let Some(action) = audit::action(&cli.command) else { return dispatch(site, cli.command, cli.json).await };
    // The command takes what it needs; for the log its words are kept.
    let ended = dispatch(site.clone(), cli.command, cli.json).await;
    audit::note(&site, action, &ended).await;
    ended
}

async fn dispatch(site: Site, command: Command, json: bool) -> Result<()> {
    match command {
        Command::Serve(options) => serve::run(site, options, json).await,
        Command::Course(command) => course::run(site, command, json).await,
        Command::Backup(command) => backup::run(site, command, json).await,
        Command::Job(command) => job::run(site, command, json).await,
        Command::Token(command) => token::run(site, command, json).await,
        Command::User(command) => user::run(site, command, json).await,
        Command::Role(command) => role::run(site, command, json).await,
        Command::Service(command) => service::run(site, command, json).await,
        Command::Category(command) => category::run(site, command, json).await,
        Command::Audit(wish) => audit::run(site, wish, json).await,
        Command::Plugin(command) => plugin::run(site, command, json).await,
        Command::Event(command) => event::run(site, command, json).await,
        Command::Target(command) => target::run(site, command, json).await,
        Command::Notice(command) => notice::run(site, command, json).await,
        Command::Doctor { sweep } => doctor::run(site, sweep, json).await,
        Command::Completions { .. } => Ok(()),
    }
}
