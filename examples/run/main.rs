//! The first day with an account of one's own: a PostgreSQL that stays and the daemon in one command, until Ctrl-C.
//! `make run` runs it; docs/first-day.md leads to it.
//!
//! In reading order: [`settings`] (arguments and environment), [`folder`] (what stays), [`policy`] (what the configuration
//! comes to), [`earlier`] (what the account has already), [`first_purchase`] (what it would cost, and the question), [`screen`] (what a new user reads); [`parts`] is
//! shared with the demo.
//!
//! Invariants: nothing is bought before somebody has agreed to what it costs, whatever signs up meanwhile: until then the
//! daemon runs with a cap of no purchase a day. Nothing of it runs on after its end; the data stay.
//! How to get it wrong: asking by a pause of the daemon's. An operator who ends a pause has not seen the price.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod earlier;
mod first_purchase;
mod folder;
#[path = "../parts/mod.rs"]
mod parts;
mod policy;
mod screen;
mod settings;

use std::process::ExitCode;
use std::time::Instant;

use postgres_fixture::{Cluster, ClusterOptions};

use first_purchase::Agreement;
use folder::Folder;
use parts::api::Api;
use parts::daemon::Daemon;
use parts::screen::{news, step};
use parts::signals::Signals;
use parts::{Ended, database, watch};
use policy::Policy;
use settings::Settings;

fn main() -> ExitCode {
    parts::exit("run", run())
}

fn run() -> Result<(), Ended> {
    let settings = Settings::read()?;
    let mut signals = Signals::catch()?;
    let mut folder = Folder::open(&settings.dir)?;
    let policy = Policy::ask(&settings, &folder)?;
    folder.claim(&policy.account)?;
    let outcome = first_day(&settings, &mut signals, &mut folder, &policy);
    if matches!(outcome, Ok(()) | Err(None)) {
        screen::farewell(&folder);
    }
    outcome
}

fn first_day(settings: &Settings, signals: &mut Signals, folder: &mut Folder, policy: &Policy) -> Result<(), Ended> {
    screen::welcome(settings, folder, policy);
    let begun = Instant::now();
    let cluster = database::start(ClusterOptions {
        durable: true,
        dir: Some(folder.postgres()),
        keep: true,
        in_place: true,
        password: Some(folder.kept().database_password.clone()),
        ..ClusterOptions::default()
    })?;
    step("PostgreSQL runs", begun);
    signals.check()?;
    let could_buy = policy::twilio_check(settings, folder)?;
    signals.check()?;
    let agreement = agree(settings, signals, folder, policy, &cluster, could_buy)?;

    let begun = Instant::now();
    let mut daemon = daemon(settings, folder, &cluster, agreement);
    daemon.start(signals)?;
    let api = Api::new(daemon.url(), &folder.kept().admin_key);
    step("callbunker serves", begun);
    let outcome = screen::stock(&api, agreement, signals).and_then(|()| {
        folder.write_environment(&screen::environment(settings, &daemon))?;
        screen::invite(folder, &daemon);
        watch::until_stopped(&mut daemon, &cluster, &api, signals)
    });
    if matches!(outcome, Err(None)) {
        news("Stopping the daemon and PostgreSQL …");
    }
    daemon.stop();
    outcome
}

/// What somebody has agreed to, now or on an earlier day. A configuration that keeps more in stock than that is a new question.
fn agree(
    settings: &Settings,
    signals: &mut Signals,
    folder: &mut Folder,
    policy: &Policy,
    cluster: &Cluster,
    could_buy: bool,
) -> Result<Agreement, Ended> {
    let keeps = policy.keeps();
    let beyond = folder.beyond(&keeps);
    if folder.kept().agreed && beyond.is_empty() {
        folder.agree(keeps)?;
        return Ok(Agreement::Purchases);
    }
    let mut looking = daemon(settings, folder, cluster, Agreement::Nothing);
    looking.start(signals)?;
    let api = Api::new(looking.url(), &folder.kept().admin_key);
    if could_buy {
        earlier::tell(&api);
    }
    let agreement = if folder.kept().agreed {
        first_purchase::ask_for_more(settings, signals, &api, policy, could_buy, &beyond)
    } else {
        first_purchase::ask(settings, signals, &api, policy, could_buy)
    };
    looking.stop();
    let agreement = agreement?;
    if agreement == Agreement::Purchases {
        folder.agree(keeps)?;
    }
    Ok(agreement)
}

fn daemon(settings: &Settings, folder: &Folder, cluster: &Cluster, agreement: Agreement) -> Daemon {
    let mut environment = settings.environment(folder, &cluster.url(database::DATABASE));
    if agreement == Agreement::Nothing {
        settings::set(&mut environment, "CALLBUNKER__SPEND__PURCHASES_PER_DAY_MAX", "0");
    }
    Daemon::new(settings.program.clone(), environment, settings.listen, folder.log())
}
