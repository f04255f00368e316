//! Everything that a new user reads, in the order in which it comes.
//!
//! Invariant: each line to paste stands alone on its line and works as it is. `tests/first_day.rs` pastes them.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::first_purchase::Agreement;
use super::folder::Folder;
use super::parts::Ended;
use super::parts::api::Api;
use super::parts::daemon::Daemon;
use super::parts::screen::{self, say, short, step};
use super::parts::signals::Signals;
use super::policy::Policy;
use super::settings::Settings;

/// A first purchase takes seconds; whatever keeps it, the page shows.
const STOCK_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The part of the status that is looked at.
#[derive(Deserialize)]
struct Status {
    available: u32,
    assigned: u32,
    paused: Option<IgnoredAny>,
    halted: Option<IgnoredAny>,
    needs_replenishment: bool,
    pools: Vec<Pool>,
}

#[derive(Deserialize)]
struct Pool {
    halted: Option<IgnoredAny>,
}

pub fn welcome(settings: &Settings, folder: &Folder, policy: &Policy) {
    let (root, configuration) = (folder.root().display(), folder.configuration());
    let begins = if folder.is_old() { "Going on with" } else { "Beginning" };
    say(format!("{begins} the data of the account {} in {root}; they stay there.", policy.account));
    let (hour, day) = (policy.spend.purchases_per_hour_max, policy.spend.purchases_per_day_max);
    say(format!(
        "At most {day} purchases a day and {hour} an hour ([spend] in {}); nothing goes beyond by itself.",
        short(&configuration)
    ));
    if !settings.ignored.is_empty() {
        say(format!("Set, and not used here, where there are others: {}.", settings.ignored.join(", ")));
    }
}

/// Waits until there is stock, or something keeps it away, and says so.
pub fn stock(api: &Api, agreement: Agreement, signals: &mut Signals) -> Result<(), Ended> {
    let begun = Instant::now();
    let is_over = begun + STOCK_LIMIT;
    let status = loop {
        let status: Option<Status> = api.get("/status");
        if agreement == Agreement::Nothing
            || status.as_ref().is_some_and(Status::is_settled)
            || Instant::now() >= is_over
        {
            break status;
        }
        signals.wait(LOOK_EVERY)?;
    };
    match status {
        Some(status) => step(&status.words(agreement), begun),
        None => step("the daemon tells no status; its log says why", begun),
    }
    Ok(())
}

impl Status {
    fn is_stopped(&self) -> bool {
        self.paused.is_some() || self.halted.is_some() || self.pools.iter().any(|pool| pool.halted.is_some())
    }

    fn is_settled(&self) -> bool {
        self.is_stopped() || !self.needs_replenishment
    }

    fn words(&self, agreement: Agreement) -> String {
        let counts = format!("{} available, {} assigned", self.available, self.assigned);
        if self.is_stopped() {
            return format!("{counts}; buying has stopped, and `callbunker status` says why");
        }
        match agreement {
            Agreement::Nothing => format!("{counts}; nothing is bought by itself, since nothing was agreed to"),
            Agreement::Purchases if self.needs_replenishment => {
                format!("{counts}; the rest comes, and `callbunker status` says how it stands")
            }
            Agreement::Purchases => counts,
        }
    }
}

/// What a shell sources: the variables that the pages use, and the program.
pub fn environment(settings: &Settings, daemon: &Daemon) -> String {
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let url = daemon.url();
    let ours = ["DATABASE_URL", "ADMIN_API_KEY", "SIGNUP_API_KEY", "CALLBUNKER_CONFIG"];
    let ours = daemon.environment().iter().filter(|(name, _)| ours.contains(&name.as_str())).cloned();
    let variables: Vec<_> = [named("URL", &url), named("CALLBUNKER_URL", &url)].into_iter().chain(ours).collect();
    screen::environment("For as long as `make run` runs", &variables, &settings.program)
}

pub fn invite(folder: &Folder, daemon: &Daemon) {
    let (kept, url) = (folder.kept(), daemon.url());
    say(format!(
        r#"
  daemon         {url}  (process {id}, its log: {log})
  configuration  {configuration}
  admin key      ADMIN_API_KEY={admin_key}
  signup key     SIGNUP_API_KEY={signup_key}

The dashboard: open this link, and paste the admin key there.

{url}/admin/login?next=%2Fadmin%2Fphones%2Fdashboard

Paste these into another terminal. This one first: it sets the keys, the URL and the PATH.

source {environment}

Give a number to yourself, and call it:

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"me"}}'

What there is, and what would be bought next:

source {environment} && callbunker numbers

source {environment} && callbunker plan

To stop all buying: `callbunker pause`. A number costs each month until you give it back: `callbunker release me`, and then
`callbunker numbers release-to-twilio NUMBER`.

Ctrl-C stops everything and keeps the data in {root}; make run goes on with them."#,
        id = daemon.id(),
        log = short(&folder.log()),
        configuration = short(&folder.configuration()),
        admin_key = kept.admin_key,
        signup_key = kept.signup_key,
        environment = screen::quoted(&short(&folder.environment())),
        root = folder.root().display(),
    ));
}

pub fn farewell(folder: &Folder) {
    let numbers = if folder.kept().agreed { " The numbers are yours, and cost, until you give them back." } else { "" };
    say(format!("Stopped. The data are in {}; make run goes on with them.{numbers}", folder.root().display()));
}
