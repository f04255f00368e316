//! The command line: what each subcommand is, and how it ends.
//!
//! Exit codes: 0 done, 64 bad usage or configuration, 69 database or daemon unreachable, 1 anything else.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{App, ReloadSources, StartError};
use crate::config::{Config, DatabaseSettings, Sources, describe_effective};
use crate::db::{DatabaseUrl, migrate};
use crate::logger;

const USAGE: u8 = 64;
const UNREACHABLE: u8 = 69;
const FAILED: u8 = 1;

const AFTER_HELP: &str = "\
Secrets come from the environment, or from files named by NAME_FILE: DATABASE_URL, TWILIO_ACCOUNT_SID,
TWILIO_AUTH_TOKEN, ADMIN_API_KEY, SIGNUP_API_KEY. PUBLIC_APP_URL is needed, too. Any other key can be given as
CALLBUNKER__SECTION__KEY; `callbunker check-config` tells what is missing, and prints all keys once nothing is.

Exit codes: 0 done, 64 bad usage or configuration, 69 database unreachable, 1 anything else";

/// Keeps a warm pool of Twilio phone numbers and hands one to each signup in milliseconds.
#[derive(Debug, Parser)]
#[command(name = "callbunker", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// The configuration file [env: CALLBUNKER_CONFIG]
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: migrate the database, keep the pool, serve HTTP until SIGTERM
    Serve,
    /// Bring the database's schema up to date, then exit
    Migrate,
    /// Read the whole configuration, report all problems at once, print what is in force without its secrets
    CheckConfig,
}

/// Reads the arguments and runs what they say.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // The reader of a closed pipe needs no message.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let sources = Sources::new(cli.config, std::env::vars_os());
    match cli.command {
        Command::Serve => serve(&sources),
        Command::Migrate => only_migrate(&sources),
        Command::CheckConfig => check_config(&sources),
    }
}

fn fail(code: u8, message: impl std::fmt::Display) -> ExitCode {
    eprintln!("callbunker: {message}");
    ExitCode::from(code)
}

fn check_config(sources: &Sources) -> ExitCode {
    match Config::load(sources) {
        Ok(config) => {
            print!("{}", describe_effective(&config));
            ExitCode::SUCCESS
        }
        Err(problems) => fail(USAGE, problems),
    }
}

fn only_migrate(sources: &Sources) -> ExitCode {
    let settings = match DatabaseSettings::load(sources) {
        Ok(settings) => settings,
        Err(problems) => return fail(USAGE, problems),
    };
    match migrate(&DatabaseUrl::new(&settings.url)) {
        Ok(applied) if applied.is_empty() => {
            println!("The schema is up to date.");
            ExitCode::SUCCESS
        }
        Ok(applied) => {
            println!("Applied: {}", applied.join(", "));
            ExitCode::SUCCESS
        }
        Err(error) if error.is_unavailable() => fail(UNREACHABLE, error.in_full()),
        Err(error) => fail(FAILED, error.in_full()),
    }
}

fn serve(sources: &Sources) -> ExitCode {
    let config = match Config::load(sources) {
        Ok(config) => config,
        Err(problems) => return fail(USAGE, problems),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("callbunker").build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(FAILED, format!("no threads could be started ({error}); raise the process limits")),
    };
    let logger = logger::init(&config.log);
    let log = logger.root().clone();
    log_panics(&log);
    let env: BTreeMap<String, String> = sources.env.clone();
    let reload = ReloadSources { file: sources.config_path(), env, log: logger.handle() };
    let system = actix::System::with_tokio_rt(move || runtime);
    let outcome = system.block_on(async move {
        match App::build(config, log).await {
            Ok(app) => Ok(app.run_until_stopped(reload).await),
            Err(error) => Err(error),
        }
    });
    drop(logger);
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(StartError::Database(error)) if error.is_unavailable() => fail(UNREACHABLE, error.in_full()),
        Err(StartError::Database(error)) => fail(FAILED, error.in_full()),
        Err(error @ StartError::Threads(_)) => fail(FAILED, error),
        Err(error @ (StartError::Foreign(_) | StartError::Listen { .. })) => fail(USAGE, error),
    }
}

/// A panic is a bug: it is logged with its place, and the supervisor replaces the part that it ended.
fn log_panics(log: &slog::Logger) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let text =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        slog::crit!(log, "a panic: please report it"; "place" => place, "text" => text.unwrap_or("no text"));
    }));
}
