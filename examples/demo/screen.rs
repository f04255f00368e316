//! Everything that a new user reads, in the order in which it comes.
//!
//! Invariant: each line to paste stands alone on its line and works as it is. `tests/demo.rs` pastes them.

use super::backdrop::{BUNDLE_SID, Backdrop};
use super::folder::Folder;
use super::parts::Ended;
use super::parts::daemon::Daemon;
use super::parts::screen::{self, news, say, short};
use super::settings::Settings;
use super::texting;

pub fn welcome(folder: &Folder) {
    if folder.is_old() {
        let root = short(folder.root());
        say(format!("Going on with the data that an earlier demo kept; to begin afresh: rm -r {root}"));
    }
}

/// What a shell sources: the variables of the documentation, all that the daemon itself has, and the program.
pub fn environment(settings: &Settings, backdrop: &Backdrop, daemon: &Daemon) -> String {
    let (url, simulator) = (daemon.url(), backdrop.twilio().url().to_owned());
    let mailbox = backdrop.mailbox().to_owned();
    let of_the_pages = [("URL", url.clone()), ("CALLBUNKER_URL", url), ("SIM", simulator), ("MAILBOX", mailbox)];
    let of_the_pages = of_the_pages.map(|(name, value)| (name.to_owned(), value));
    let variables = [&of_the_pages[..], daemon.environment()].concat();
    screen::environment("For as long as the demo runs", &variables, &settings.daemon)
}

pub fn invite(folder: &Folder, backdrop: &Backdrop, daemon: &Daemon, has_history: bool) {
    let (kept, twilio) = (folder.kept(), backdrop.twilio());
    let (url, simulator, id) = (daemon.url(), twilio.url(), daemon.id());
    let (admin_key, signup_key) = (&kept.admin_key, &kept.signup_key);
    let (account, token) = (&kept.account_sid, &kept.auth_token);
    say(format!(
        r#"
  daemon       {url}  (process {id}, its log: {log})
  simulator    {simulator}/__sim/state  (what Twilio knows; every answer takes 80 ms)
  mailbox      {mailbox}  (a page: what alerts would have mailed, and what a webhook got)
  database     DATABASE_URL={database}
  admin key    ADMIN_API_KEY={admin_key}
  signup key   SIGNUP_API_KEY={signup_key}

The dashboard: open this link, and paste the key below it.

{url}/admin/login?next=%2Fadmin%2Fphones%2Fdashboard

{admin_key}

Paste these into another terminal. This one first: it sets $URL, $SIM, $MAILBOX, the keys, the simulated account and the PATH, for every
line of README.md and docs/ and for `callbunker status`, `callbunker twilio check` and the like.

source {environment}

A user signs up and has a number at once (the last line is the time that it took):

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"u-1"}}' -w '%{{stderr}}%{{time_total}} s\n'

How the pools are, for programs and for people:

curl -sS {url}/admin/phones/api/status -H 'X-Admin-API-Key: {admin_key}'

source {environment} && callbunker pools

The numbers as Twilio has them, each with our webhooks:

curl -sS '{simulator}/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json?PageSize=100' -u {account}:{token} | grep -oE '"(phone_number|voice_url)": ?"[^"]*"' | paste - -

There are four. The numbers of text (US) are handed out when they can text: they are in a messaging service, and its campaign is
approved {campaign} s from now. Until then they are registering; then the carriers come to know them, one by one, and they are available.
The dashboard shows it, and so does this, again and again:

source {environment} && callbunker status --pool text

The others are default (US local), ca (Canadian, bought with an address) and gb (British mobile, bought with a bundle). Take the
bundle away, and let a Briton sign up, so that gb wants to buy again: Twilio refuses one purchase, and gb says what it needs, while
the others serve on.

curl -sS -X POST {simulator}/__sim/bundle -d '{{"sid":"{bundle}","remove":true}}'

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"gb-1","country":"GB"}}'

source {environment} && callbunker pools

Give it back, and let gb go on:

curl -sS -X POST {simulator}/__sim/bundle -d '{{"sid":"{bundle}","country":"GB","number_type":"mobile"}}'

source {environment} && callbunker resume --pool gb

Somebody is told of such things: the page of the mailbox has a mail already, because gb was halted. Let Canada be
sold out, and let two Canadians sign up: a few seconds later ca is low. The webhook has it then, and the mail within a minute.

curl -sS -X POST {simulator}/__sim/faults -d '{{"on":"search","fault":"no_stock","country":"CA","times":"forever"}}'

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"ca-1","country":"CA"}}'

curl -sS -X POST {url}/signup/api/assign -H 'X-Admin-API-Key: {signup_key}' -H 'Content-Type: application/json' -d '{{"user_id":"ca-2","country":"CA"}}'

Let Canada have numbers again; both say when it is over:

curl -sS -X POST {simulator}/__sim/reset -d '{{}}'

Kill the daemon, which comes back after 2 s, and ask for u-1 again: it still has its number.

kill -9 {id}
"#,
        environment = short(&folder.environment()),
        log = short(&folder.log()),
        mailbox = backdrop.mailbox(),
        database = backdrop.database_url(),
        bundle = BUNDLE_SID,
        campaign = texting::CAMPAIGN_TAKES.as_secs(),
    ));
    if has_history {
        what_lies_behind(folder);
    }
    if folder.keeps() {
        say(format!("Ctrl-C stops everything and keeps the data in {}.", short(folder.root())));
    } else {
        say(format!("Ctrl-C stops everything and removes {}.", short(folder.root())));
    }
}

/// What a year tells.
fn what_lies_behind(folder: &Folder) {
    say(format!(
        r"A year lies behind it: what the numbers cost, how many must lie ready, what another threshold would have done, and which numbers
nobody uses. Each figure has a second command that explains it; the dashboard has the same under Cost.

source {environment} && callbunker cost

source {environment} && callbunker advice

source {environment} && callbunker what-if --threshold 30

source {environment} && callbunker inactive --days 90
",
        environment = short(&folder.environment()),
    ));
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
