//! Failpoints that a test sets while the real program runs; compiled in only with the feature `failpoints`.
//!
//! The file that `CALLBUNKER_FAILPOINTS_FILE` names is read before anything else happens and again whenever it changes:
//! one `name=actions` a line. The actions are those of the crate `fail` (`panic`, `1*panic->off`, `sleep(200)`, …) and
//! `kill` or `kill@3`: SIGKILL to this process when the point is reached for the first or third time. A line that is gone
//! turns its point off. What is in force stands in a file beside it, of the same name with `.in-force` at its end.
//!
//! Invariant: [`FAILPOINTS`] lists every point of the source. How to get it wrong: a new step of the money path without
//! one; no test could then kill the daemon there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const READ_EVERY: Duration = Duration::from_millis(20);

/// Every failpoint, by the part of the program that it lies in, and what has just happened when it is reached.
pub const FAILPOINTS: &[(&str, &str)] = &[
    // The children of the supervisor.
    ("http", "a request was read, nothing was done"),
    ("handler", "who asks may, and the body is read"),
    ("desk", "a signup reached the desk"),
    ("pool_monitor", "the monitor has a message"),
    ("purchaser", "the Purchaser has a message"),
    ("schedule", "a cron pattern matched"),
    ("reconciler", "the Reconciler has a message"),
    ("audit", "requests are to be written into the audit log"),
    // A run.
    ("lock_taken", "the purchase lock is ours"),
    ("run_begun", "what earlier runs left is sorted"),
    ("waitlist_beside", "a run's calls hang and somebody waits, who is served beside them"),
    ("holder_looked", "somebody else has the lock; `return(2000)`: who is silent for so many milliseconds is frozen"),
    ("holder_ended", "the connection of a frozen holder of the lock was ended"),
    ("lock_released", "the run has ended"),
    // An order.
    ("order_enqueued", "an order by hand is written, nobody runs it yet"),
    ("order_started", "an order by hand runs"),
    ("order_opened", "an automatic order is written and runs"),
    ("order_yielded", "an order by hand went back into the queue between two slices"),
    ("order_ending", "why the order fell short is written, its end is not"),
    ("order_ended", "the order has ended"),
    ("pass_decided", "a pass of the monitor is over, its line is not written"),
    // One item.
    ("search_answered", "Twilio showed candidates"),
    ("intent_written", "intents are committed"),
    ("attempt_written", "attempts are committed"),
    ("attempt_repeated", "another attempt is committed after a doubt or a retry"),
    ("items_withdrawn", "items that may not be sent are taken back"),
    ("create_posting", "the POST comes next"),
    ("create_answered", "Twilio said 201"),
    ("create_failed", "the POST had no answer, or another one"),
    ("doubt_written", "the item is unknown"),
    ("look_answered", "Twilio's list was read after a doubt"),
    ("item_ended", "the item ended without a number"),
    ("item_settling", "the number is known to be ours, and not written down"),
    ("item_committed", "the number is in the pool, nobody was told"),
    ("item_settled", "the number is in the pool, other instances were told"),
    ("halt_decided", "buying shall halt"),
    ("halt_written", "buying is halted"),
    ("pool_halt_decided", "a pool lacks something, its halt is not written"),
    ("pool_halt_written", "the pool is halted, nobody was told"),
    // Recovery.
    ("unsettled_read", "the open items are read"),
    ("unsettled_looked", "Twilio's list was read for one of them"),
    ("unsettled_settled", "one of them turned out to be bought"),
    ("unsettled_ended", "one of them ended without a number"),
    // The waitlist of those who wait.
    ("waitlist_joined", "signups that found no stock are on the waitlist"),
    ("waitlist_bought", "an order for the waitlist is filled and has ended"),
    ("waitlist_served", "the waitlist was served, nobody was answered"),
    // Signups.
    ("assign_claimed", "numbers are given, nobody was answered"),
    ("release_done", "a number was released, nobody was answered"),
    // Care.
    ("care_marked", "nobody is given a number whose webhooks differ, Twilio has the others on it"),
    ("some_unconfirmed", "other webhooks are wanted, and some users' numbers count as confirmed no more"),
    ("webhooks_set", "Twilio has the webhooks of a number, the database does not know it"),
    ("number_returned", "a rested number is in the pool again"),
    // A comparison with Twilio.
    ("reconcile_page_read", "a page of Twilio's list was read"),
    ("orphan_judged", "a number that we do not know is ours, and not written down"),
    ("orphan_settled", "it is in the pool, or held for an operator"),
    ("drift_marked", "nobody is given a number that drifted, Twilio has other webhooks on it"),
    ("drift_repaired", "Twilio has its webhooks, the database does not know it"),
    ("missing_marked", "numbers that are gone are marked"),
    // Custody.
    ("release_intended", "a number shall leave, Twilio was not asked"),
    ("release_sent", "the attempt is committed, the DELETE comes next"),
    ("release_answered", "Twilio's word on it was read, or lost"),
    ("release_settled", "the number has left, nobody was told"),
    ("adopt_written", "a number of the account is ours and held, Twilio was not told"),
    ("adopt_tagged", "Twilio has our tag and webhooks on it"),
    ("adopt_settled", "it is in the pool or its user's, nobody was told"),
    ("move_papers_set", "Twilio has the papers of the pool that a number shall move to"),
    ("move_written", "a number is of another pool, Twilio has the former one's webhooks on it"),
    ("move_settled", "it has its pool's webhooks, or its user keeps those it had; nobody was told"),
    ("import_range_read", "an import has read a page of a part of Twilio's list, or of all of it"),
    ("import_decided", "what an import shall write is decided"),
    ("import_written", "one number of an import is ours, the others and Twilio's tags are not"),
    ("import_told", "Twilio was told of one number of an import, perhaps not of the others"),
    // What numbers are attached to.
    ("attach_by_clock", "it is time to look what numbers lack; `return`: only whoever rings makes that happen"),
    ("attach_wanted", "numbers that lack something are found, nothing is written"),
    ("attach_intended", "what they lack is intended"),
    ("attach_sent", "the attempt is committed, the POST or a look comes next"),
    ("attach_answered", "Twilio's word on it was read, or lost"),
    ("attach_settled", "a number is attached, nobody was told"),
    ("attach_refused_written", "a number is refused or in conflict, its pool is not halted"),
    ("attach_full_written", "a target takes no more numbers, the next one is not intended"),
    ("detach_sent", "the DELETE of what a number was in that left comes next"),
    ("detach_answered", "Twilio's word on that was read, or lost"),
    // PostgreSQL.
    ("patient_within", "how many seconds patient work waits for the database; `return`: that many, and not a minute"),
    ("frozen_seen", "a new session found the database frozen, those that were there are not cut"),
    // Twilio's events.
    ("event_stored", "events are written down, Twilio was not told"),
    ("registration_failed_written", "the carriers do not take a number, its pool is not halted for it"),
    // What the pools are and want, told at start and after a reload.
    ("pools_claimed", "the pools are known, what they are and want was not said"),
    ("wants_took_some_back", "some of what will lack something is out of stock, its pool does not want that yet"),
    ("wants_switched", "a pool wants something else of its numbers, which were not told"),
    ("wants_told_some", "some of them were told"),
    // The books.
    ("bookkeeper", "it is looked which duties are due"),
    ("charges_written", "charges that were due are committed, the rest is due"),
    ("usage_asked", "Twilio said what it counted in a month, nothing is written"),
    ("fold_written", "the charges of an old month are its sums"),
    // Recycling.
    ("recycler", "it is time to look whether a walk is due"),
    ("recycling_intended", "a notice is written, nobody was told"),
    ("notice_claimed", "a notice is claimed, nobody was asked"),
    ("notice_taken", "the far side has a notice, nothing is written"),
    ("recycling_noticed", "it is written that a notice was taken"),
    ("recycling_taking", "a number is at rest, not committed"),
    ("recycling_taken", "a number is taken from its user, nobody was told"),
    ("sweep_page_written", "a page's uses and the way to the next are committed"),
    // Alerts.
    ("alerts", "a round begins"),
    ("alert_decided", "facts are judged, nothing is written"),
    ("alert_written", "alerts and what is told of them are committed"),
    ("account_looked", "Twilio told the balance, it is not written down"),
    ("week_looked", "it is looked which week is over; `return(2026-11-30T08:00:00Z)`: it is that time"),
    ("report_written", "the weekly report is committed"),
    ("message_looked", "it is time to look for messages; `return`: nobody does"),
    ("message_claimed", "a message is claimed, nobody was asked"),
    ("message_taken", "the far side has a message, nothing is written"),
    ("message_taken_by", "it is written that one address has it"),
    ("message_settled", "it is written that a message was taken"),
    ("message_failed", "a message was not taken, nothing is written"),
    ("message_given_up", "it is written that a message is not tried again"),
    ("text_sent", "Twilio has a text, nothing is written"),
    ("life_claimed", "a sign of life is written down, it is not given yet"),
    // Foresight.
    ("foresight", "it is time to learn what is in force"),
    ("demand_taken", "users who found no number are noted in memory no more, and are not written down"),
    (
        "threshold_written",
        "a pool has another threshold, with its pass and its line in the audit trail; this instance has the former",
    ),
];

/// Starts to follow the file, if one is named.
///
/// # Panics
/// When the file holds what is no failpoint: a mistake in a test.
#[expect(clippy::disallowed_methods, reason = "only tests have failpoints, and no configuration may name them")]
pub fn listen() {
    let Some(path) = std::env::var_os("CALLBUNKER_FAILPOINTS_FILE") else { return };
    let (path, mut in_force) = (PathBuf::from(path), InForce::default());
    in_force.follow(&path);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(READ_EVERY);
            in_force.follow(&path);
        }
    });
}

#[derive(Default)]
struct InForce {
    text: Option<String>,
    points: BTreeMap<String, String>,
}

impl InForce {
    fn follow(&mut self, path: &Path) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        if self.text.as_ref() == Some(&text) {
            return;
        }
        apply(&text, &mut self.points);
        // Whoever reads it reads all of it, or what was in force before.
        let (told, fresh) = (path.with_extension("in-force"), path.with_extension("in-force-soon"));
        let told = std::fs::write(&fresh, &text).and_then(|()| std::fs::rename(&fresh, told));
        // A test that is over takes its folder away.
        self.text = told.is_ok().then_some(text);
    }
}

fn apply(text: &str, in_force: &mut BTreeMap<String, String>) {
    let wanted: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, actions)| (name.trim().to_owned(), actions.trim().to_owned()))
        .collect();
    for (name, actions) in &wanted {
        if in_force.get(name) != Some(actions) {
            assert!(FAILPOINTS.iter().any(|(known, _)| known == name), "{name} is no failpoint");
            set(name, actions).expect("the test wrote a failpoint");
        }
    }
    for name in in_force.keys().filter(|name| !wanted.contains_key(*name)) {
        fail::remove(name);
    }
    *in_force = wanted;
}

fn set(name: &str, actions: &str) -> Result<(), String> {
    let Some(hit) = kill_at(actions)? else { return fail::cfg(name, actions) };
    let hits = AtomicU32::new(0);
    fail::cfg_callback(name, move || {
        if hits.fetch_add(1, Ordering::SeqCst) + 1 == hit {
            kill();
        }
    })
}

/// At which hit `kill` or `kill@N` kills; `None` = another action.
fn kill_at(actions: &str) -> Result<Option<u32>, String> {
    match actions.strip_prefix("kill") {
        Some("") => Ok(Some(1)),
        Some(rest) => match rest.strip_prefix('@').map(str::parse) {
            Some(Ok(hit)) if hit > 0 => Ok(Some(hit)),
            _ => Err(format!("{actions}: say kill or kill@N")),
        },
        None => Ok(None),
    }
}

/// As `kill -9` from outside: nothing is dropped, flushed or answered.
fn kill() {
    let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_failpoint_of_the_source_is_listed_and_no_other() {
        let mut found = BTreeSet::new();
        for (_, text) in crate::source::rust_files() {
            let points = text.split(concat!("fail_", "point!(")).skip(1);
            found.extend(points.map(|rest| rest.split('"').nth(1).unwrap().to_owned()));
        }
        let listed: BTreeSet<String> = FAILPOINTS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(found, listed);
        assert_eq!(listed.len(), FAILPOINTS.len(), "a point is listed twice");
    }

    #[test]
    fn kill_says_at_which_hit() {
        assert_eq!(kill_at("kill"), Ok(Some(1)));
        assert_eq!(kill_at("kill@3"), Ok(Some(3)));
        assert_eq!(kill_at("1*panic->off"), Ok(None));
        assert!(kill_at("kill@0").is_err() && kill_at("kill@").is_err() && kill_at("killed").is_err());
    }
}
