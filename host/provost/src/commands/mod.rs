//! The commands, a subject a file.

mod backup;
mod course;
mod doctor;
mod job;
mod plugin;
mod serve;
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
    match cli.command {
        Command::Serve(options) => serve::run(site, options, cli.json).await,
        Command::Course(command) => course::run(site, command, cli.json).await,
        Command::Backup(command) => backup::run(site, command, cli.json).await,
        Command::Job(command) => job::run(site, command, cli.json).await,
        Command::Token(command) => token::run(site, command, cli.json).await,
        Command::User(command) => user::run(site, command, cli.json).await,
        Command::Plugin(command) => plugin::run(site, command, cli.json).await,
        Command::Doctor { sweep } => doctor::run(site, sweep, cli.json).await,
        Command::Completions { .. } => Ok(()),
    }
}
