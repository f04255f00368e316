//! The command line: what each subcommand is, and how it ends.
//!
//! Two kinds: `local` and `twilio` have the commands that do their work in this process; all others call the running daemon over HTTP,
//! blocking, without a runtime, and print its answer as a table, or unchanged with `--json`.
//!
//! Exit codes: 0 done, 64 bad usage or configuration, 69 database, daemon or Twilio unreachable, 1 anything else.
//! Invariant: ureq is called in `client` only (and in [`crate::twilio`]). How to get it wrong: a decision about money
//! made here; the daemon decides, and a script that calls it with curl must meet the same rules.

use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::config::Sources;

mod alerts;
mod api_request;
mod args;
mod cancel;
mod certificates;
mod client;
mod command;
mod ctrl_c;
mod ending;
mod examples;
mod follow;
mod foresight;
mod import;
mod lists;
mod local;
mod money;
mod moving_in;
mod number;
mod orders;
mod pause;
mod phone;
mod pool;
mod pools;
mod purchase;
mod question;
mod recycling;
mod refusal;
mod screen;
mod shell;
mod status;
mod tables;
mod twilio;
mod upkeep;
mod users;

pub use args::Cli;
use args::Command;
use client::Client;

/// Reads the arguments and runs what they say.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "here the environment becomes an argument")]
pub fn run() -> ExitCode {
    let parsed = command::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // The reader of a closed pipe needs no message.
            let _ = error.print();
            return if error.use_stderr() { ending::bad_usage() } else { ExitCode::SUCCESS };
        }
    };
    screen::choose(cli.color);
    if let Some(option) = cli.out_of_place() {
        let sentence = format!("{option} is for commands that call the daemon, and this one does not; leave it out");
        return ending::exit_code(Err(ending::CommandError::Usage(sentence)));
    }
    let sources = Sources::new(cli.config, std::env::vars_os());
    ending::exit_code(dispatch(cli.command, &sources))
}

fn dispatch(command: Command, sources: &Sources) -> ending::Ending {
    let client = |remote: &args::Remote| Client::new(remote, sources);
    let signup_client = |remote: &args::Remote| Client::for_signups(remote, sources);
    match command {
        Command::Serve => local::serve(sources),
        Command::Migrate => local::migrate(sources),
        Command::CheckConfig { offline } => local::check_config(sources, offline),
        Command::Status(args) => status::status(&client(&args.remote)?, &args),
        Command::Pools(remote) => pools::pools(&client(&remote)?, &remote),
        Command::Plan(args) => pool::plan(&client(&args.remote)?, &args),
        Command::Advice(args) => foresight::advice(&client(&args.remote)?, &args),
        Command::WhatIf(args) => foresight::what_if(&client(&args.remote)?, &args),
        Command::Replenish(args) => pool::replenish(&client(&args.remote)?, &args),
        Command::Purchase(args) => match args.cancel {
            Some(id) => cancel::cancel(&client(&args.remote)?, &args, &id.to_string()),
            None => purchase::purchase(&client(&args.remote)?, &args),
        },
        Command::ConfigureWebhooks(args) => upkeep::configure_webhooks(&client(&args.remote)?, &args),
        Command::Reconcile(args) => upkeep::reconcile(&client(&args.remote)?, &args),
        Command::Orders(args) => orders::orders(&client(&args.remote)?, &args),
        Command::Assign(args) => users::assign(&signup_client(&args.remote)?, &args),
        Command::Release(args) => users::release(&signup_client(&args.remote)?, &args),
        Command::Users(args) => users::users(&client(&args.remote)?, &args),
        Command::Assignments(args) => users::assignments(&client(&args.list.remote)?, &args),
        Command::Numbers(args) => match &args.command {
            None => lists::numbers(&client(&args.remote)?, &args),
            Some(command) => number::number(&client(&args.remote)?, &args, command),
        },
        Command::Inactive(args) => recycling::inactive(&client(&args.remote)?, &args),
        Command::Recycle(args) => recycling::recycle(&client(&args.remote)?, &args),
        Command::Passes(args) => lists::passes(&client(&args.list.remote)?, &args),
        Command::Alerts(args) => alerts::alerts(&client(&args.remote)?, &args),
        Command::Cost(args) => money::cost(&client(&args.remote)?, &args),
        Command::Audit(args) => lists::audit(&client(&args.remote)?, &args),
        Command::Import(args) => import::import(|| client(&args.remote), &args),
        Command::Twilio(args) => twilio::twilio(sources, &args),
        Command::Pause(args) => pause::pause(&client(&args.remote)?, &args),
        Command::Resume(args) => pause::resume(&client(&args.pause.remote)?, &args),
        Command::Whoami(remote) => users::whoami(&client(&remote)?, &remote),
        Command::Openapi => ending::say(&crate::web::description_text(&crate::http::Place::default())),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { command } => shell::man(&command),
    }
}
