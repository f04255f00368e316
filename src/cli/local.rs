//! The commands that run here, without a daemon to call: `serve`, `migrate`, `check-config`.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use super::ending::{CommandError, Ending, say};
use crate::app::{App, ReloadSources, StartError, inherited, whose_else};
use crate::config::{Config, DatabaseSettings, Problems, Sources, describe_effective};
use crate::db::{DatabaseUrl, DbError, migrate as apply_migrations, survey};
use crate::logger;

impl From<Problems> for CommandError {
    fn from(problems: Problems) -> Self {
        Self::Usage(problems.to_string())
    }
}

impl From<DbError> for CommandError {
    fn from(error: DbError) -> Self {
        if let DbError::Unfit(sentence) = error {
            return Self::Usage(sentence);
        }
        let sentence = error.in_full();
        if error.is_unavailable() { Self::Unreachable(sentence) } else { Self::Failed(sentence) }
    }
}

/// How long `check-config` waits for the database.
const SURVEY_WITHIN: Duration = Duration::from_secs(5);

pub(super) fn check_config(sources: &Sources, offline: bool) -> Ending {
    let config = Config::load(sources)?;
    let mut notes = config.outbound().notes();
    notes.extend(config.secrets.noted_of_urls());
    notes.extend(can_listen(&config)?);
    let url = DatabaseUrl::new(&config.secrets.database_url);
    if offline {
        notes.extend(looks_pooled(&url));
    } else {
        notes.extend(surveyed(&config, url)?);
    }
    let notes: String = notes.iter().map(|note| format!("# Note: {note}\n")).collect();
    say(&format!("{}{notes}", describe_effective(&config)))
}

/// Takes the address for a moment. Whoever has it may be the daemon that runs already, or leave it before ours starts.
fn can_listen(config: &Config) -> Result<Option<String>, CommandError> {
    let address = config.http.listen;
    match TcpListener::bind(address) {
        Ok(_listener) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(Some(format!(
            "http.listen: {address} is in use now, by a daemon or by callbunker.socket; a daemon that starts meanwhile without that socket ends with 1"
        ))),
        Err(source) => Err(CommandError::Usage(StartError::Listen { address, source }.to_string())),
    }
}

/// Looks at the database; one that is away is no mistake of the configuration. What there is to note.
fn surveyed(config: &Config, url: DatabaseUrl) -> Result<Vec<String>, CommandError> {
    let pooled = looks_pooled(&url);
    let (done, outcome) = mpsc::channel();
    // It may hang for longer than anybody waits; the process ends without it.
    std::thread::spawn(move || done.send(survey(&url)));
    match outcome.recv_timeout(SURVEY_WITHIN) {
        Ok(Ok(found)) => match found.owner.and_then(|owner| whose_else(&owner, config)) {
            Some(foreign) => Err(CommandError::Usage(foreign)),
            None => Ok(found.is_frozen.then(|| DbError::Frozen.to_string()).into_iter().collect()),
        },
        Ok(Err(error @ DbError::Unfit(_))) => Err(error.into()),
        Ok(Err(error)) => {
            let words = format!(
                "the database could not be looked at: {} (--offline does without)",
                error.in_full().replace(|character: char| character.is_control(), " ")
            );
            Ok([words].into_iter().chain(pooled).collect())
        }
        Err(_elapsed) => {
            let words =
                "the database was not reached within five seconds, so it was not looked at (--offline does without).";
            Ok([words.to_owned()].into_iter().chain(pooled).collect())
        }
    }
}

/// What the address alone shows, before anybody answers there.
fn looks_pooled(url: &DatabaseUrl) -> Option<String> {
    let instead = url.direct_instead()?;
    Some(format!(
        "DATABASE_URL looks like the address of a pooler. One that shares sessions from one transaction to the next is refused at \
         start; PostgreSQL itself is there most likely with {instead}"
    ))
}

pub(super) fn migrate(sources: &Sources) -> Ending {
    let settings = DatabaseSettings::load(sources)?;
    let applied = apply_migrations(&DatabaseUrl::new(&settings.url), |waits| eprintln!("callbunker: {waits}"))?;
    if applied.is_empty() {
        say("The schema is up to date.\n")
    } else {
        say(&format!("Applied: {}\n", applied.join(", ")))
    }
}

pub(super) fn serve(sources: &Sources) -> Ending {
    let handed_over = inherited(&sources.env).map_err(|error| CommandError::Usage(error.to_string()))?;
    let config = Config::load(sources)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("callbunker").build().map_err(
        |error| CommandError::Failed(format!("no threads could be started ({error}); raise the process limits")),
    )?;
    let logger = logger::init(&config.log);
    let log = logger.root().clone();
    log_panics(&log);
    if let Some(note) = config.secrets.noted_of_urls() {
        slog::warn!(log, "{}", note);
    }
    let env: BTreeMap<String, String> = sources.env.clone();
    let reload = ReloadSources { file: sources.config_path(), env, log: logger.handle() };
    let system = actix::System::with_tokio_rt(move || runtime);
    let outcome = system.block_on(App::start(config, log, reload, handed_over));
    drop(logger);
    // Dropping the runtime would wait for threads that hang on a dead socket, far beyond the grace.
    std::mem::forget(system);
    match outcome {
        Ok(0) => Ok(()),
        Ok(code) => Err(CommandError::Code(code)),
        Err(StartError::Database(error)) => Err(error.into()),
        Err(error @ StartError::Threads(_)) => Err(CommandError::Failed(error.to_string())),
        // Whoever has the port may leave it: to be tried again, as a supervisor does with any failure but 64.
        Err(StartError::Listen { address, source }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            Err(CommandError::Failed(StartError::Listen { address, source }.to_string()))
        }
        Err(error @ (StartError::Foreign(_) | StartError::Listen { .. })) => {
            Err(CommandError::Usage(error.to_string()))
        }
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
