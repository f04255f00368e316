//! Everything that a new user reads, in the order in which it comes.
//!
//! Invariant: each line to paste stands alone on its line and works as it is. `tests/demo.rs` pastes them.
//! How to get it wrong: printing while the terminal is closed and dying of it; a line that cannot be shown is given up.

use std::env;
use std::fmt::Display;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::Ended;
use super::api::Status;
use super::backdrop::{BUNDLE_SID, Backdrop};
use super::daemon::Daemon;
use super::folder::Folder;
use super::settings::Settings;

fn say(line: impl Display) {
    let mut out = std::io::stdout();
    // A closed terminal is on its way to us as SIGHUP.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// As seen from where the user stands.
fn short(path: &Path) -> String {
    let here = env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    inside.unwrap_or(path).display().to_string()
}

pub fn welcome(folder: &Folder) {
    if folder.is_old() {
        let root = short(folder.root());
        say(format!("Going on with the data that an earlier demo kept; to begin afresh: rm -r {root}"));
    }
}

pub fn step(what: &str, begun: Instant) {
    say(format!("{:>6.1} s  {what}", begun.elapsed().as_secs_f64()));
}

/// What a shell sources: the variables of the documentation, and the program itself.
pub fn environment(settings: &Settings, folder: &Folder, backdrop: &Backdrop, daemon: &Daemon) -> String {
    let (kept, url) = (folder.kept(), daemon.url());
    let program = settings.daemon.parent().unwrap_or(Path::new("."));
    format!(
        "# For as long as the demo runs: source it.\n\
         export URL={url} CALLBUNKER_URL={url} SIM={simulator}\n\
         export ADMIN_API_KEY={admin_key} SIGNUP_API_KEY={signup_key}\n\
         export PATH={program}:\"$PATH\"\n",
        simulator = backdrop.twilio().url(),
        admin_key = kept.admin_key,
        signup_key = kept.signup_key,
        program = quoted(&program.display().to_string()),
    )
}

/// As a shell reads it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

pub fn invite(folder: &Folder, backdrop: &Backdrop, daemon: &Daemon) {
    let (kept, twilio) = (folder.kept(), backdrop.twilio());
    let (url, simulator, id) = (daemon.url(), twilio.url(), daemon.id());
    let (admin_key, signup_key) = (&kept.admin_key, &kept.signup_key);
    let (account, token) = (&kept.account_sid, &kept.auth_token);
    say(format!(
        r#"
  daemon       {url}  (process {id}, its log: {log})
  simulator    {simulator}/__sim/state  (what Twilio knows; every answer takes 80 ms)
  database     DATABASE_URL={database}
  admin key    ADMIN_API_KEY={admin_key}
  signup key   SIGNUP_API_KEY={signup_key}

The dashboard: open this link, and paste the key below it.

{url}/admin/login?next=%2Fadmin%2Fphones%2Fdashboard

{admin_key}

Paste these into another terminal. This one first: it sets $URL, $SIM, the keys and the PATH, for every line of README.md
and docs/ and for `callbunker status` and the like.

source {environment}

A user signs up and has a number at once (the last line is the time that it took):

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"u-1"}}' -w '%{{stderr}}%{{time_total}} s\n'

How the pools are, for programs and for people:

curl -sS {url}/admin/phones/api/status -H 'X-Admin-API-Key: {admin_key}'

source {environment} && callbunker pools

The numbers as Twilio has them, each with our webhooks:

curl -sS '{simulator}/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json?PageSize=100' -u {account}:{token} | grep -oE '"(phone_number|voice_url)": ?"[^"]*"' | paste - -

There are three: default (US local), ca (Canadian, bought with an address) and gb (British mobile, bought with a bundle). Take the
bundle away, and let a Briton sign up, so that gb wants to buy again: Twilio refuses one purchase, and gb says what it needs, while
the others serve on.

curl -sS -X POST {simulator}/__sim/bundle -d '{{"sid":"{bundle}","remove":true}}'

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"gb-1","country":"GB"}}'

source {environment} && callbunker pools

Give it back, and let gb go on:

curl -sS -X POST {simulator}/__sim/bundle -d '{{"sid":"{bundle}","country":"GB","number_type":"mobile"}}'

source {environment} && callbunker resume --pool gb

Kill the daemon, which comes back after 2 s, and ask for u-1 again: it still has its number.

kill -9 {id}
"#,
        environment = short(&folder.environment()),
        log = short(&folder.log()),
        database = backdrop.database_url(),
        bundle = BUNDLE_SID,
    ));
    if folder.keeps() {
        say(format!("Ctrl-C stops everything and keeps the data in {}.", short(folder.root())));
    } else {
        say(format!("Ctrl-C stops everything and removes {}.", short(folder.root())));
    }
}

pub fn news(text: impl Display) {
    say(format!("\n{text}"));
}

pub fn daemon_died(id: u32, status: ExitStatus, restart_after: Duration) {
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(0)) => "was stopped, in order".to_owned(),
        (None, code) => format!("ended with {}", code.unwrap_or_default()),
    };
    news(format!("callbunker (process {id}) {how}; it is started again in {} s.", restart_after.as_secs()));
}

pub fn daemon_is_back(daemon: &Daemon, status: Option<&Status>, begun: Instant) {
    let (id, took) = (daemon.id(), begun.elapsed().as_secs_f64());
    let pool = status.map_or_else(String::new, |status| {
        format!(" {} numbers available, {} assigned.", status.available, status.assigned)
    });
    say(format!("callbunker is back as process {id}, {took:.1} s after its start.{pool}"));
}

pub fn stopping(outcome: &Result<(), Ended>) {
    if matches!(outcome, Err(None)) {
        news("Stopping the daemon, the simulator and PostgreSQL …");
    }
}

pub fn farewell(folder: &Folder) {
    let root = short(folder.root());
    if folder.keeps() {
        say(format!("Stopped. The data are in {root}; DEMO_KEEP=1 make demo goes on with them."));
    } else if folder.root().exists() {
        say(format!("Stopped; but {root} could not be removed."));
    } else {
        say(format!("Stopped; {root} is gone."));
    }
}
