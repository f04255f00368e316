//! An order by hand until its end, and the signs of life on a terminal meanwhile.
//!
//! Invariants: progress goes to standard error, and only when that is a terminal; whatever ends the following, the last
//! sentence names the order.
//! How to get it wrong: taking a lost connection for the order's end. The daemon carries it on, or ends it after a restart.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::call::Call;
use super::client::{Answer, CallError, Client};
use super::ending::Failure;

/// How long a daemon that was there may be away, as one is that restarts.
pub(super) const AWAY_AT_MOST: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const TICK: Duration = Duration::from_millis(120);

/// A sign of life for work whose length nobody knows.
pub(super) fn spinner(what: &'static str) -> ProgressBar {
    started(ProgressBar::new_spinner(), "{spinner} {msg} ({elapsed})", what)
}

/// A bar over `length` steps.
pub(super) fn bar(length: u64, what: impl Into<Cow<'static, str>>) -> ProgressBar {
    started(ProgressBar::new(length), "{spinner} {msg} [{bar:30}] {pos}/{len} ({elapsed})", what)
}

fn started(bar: ProgressBar, template: &str, what: impl Into<Cow<'static, str>>) -> ProgressBar {
    if bar.is_hidden() {
        return bar;
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("##-"));
    }
    bar.set_message(what);
    bar.enable_steady_tick(TICK);
    bar
}

/// Asks for the order's document until the order has ended. `is_placed`: it is known that there is such an order.
///
/// # Errors
/// When the daemon stays away, or refuses; the sentence says how to look the order up.
pub(super) fn follow(client: &Client, id: &str, is_placed: bool) -> Result<Answer, Failure> {
    let bar = bar(0, format!("purchase {id}"));
    let ended = until_it_ended(client, id, is_placed, &bar);
    bar.finish_and_clear();
    ended
}

fn until_it_ended(client: &Client, id: &str, is_placed: bool, bar: &ProgressBar) -> Result<Answer, Failure> {
    let call = Call::get_api(&["purchases", id]);
    let mut away_since = None;
    loop {
        match client.call(&call) {
            Ok(answer) => {
                away_since = None;
                let document = &answer.document;
                bar.set_length(document["requested_count"].as_u64().unwrap_or_default());
                bar.set_position(document["purchased_count"].as_u64().unwrap_or_default());
                match document["state"].as_str() {
                    Some("queued") => bar.set_message(format!("purchase {id} waits for its turn")),
                    Some("running") => bar.set_message(format!("purchase {id}")),
                    _ => return Ok(answer),
                }
            }
            Err(error) => {
                let since = *away_since.get_or_insert_with(Instant::now);
                let passes = match &error {
                    CallError::Away(_) | CallError::Lost(_) => true,
                    CallError::Refused(refusal) if refusal.code() == "not_found" && !is_placed => {
                        return Err(error.into());
                    }
                    CallError::Refused(refusal) => refusal.is_passing(),
                };
                if !passes || since.elapsed() >= AWAY_AT_MOST {
                    return Err(unfollowed(error, id));
                }
                bar.set_message(format!("purchase {id}: waiting for the daemon"));
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn unfollowed(error: CallError, id: &str) -> Failure {
    let told = |sentence: String| {
        format!(
            "{sentence}; the purchase goes its way without this command: look it up with \
             `callbunker purchase --follow {id}`, and do not repeat it"
        )
    };
    match error {
        CallError::Away(sentence) | CallError::Lost(sentence) => Failure::Unreachable(told(sentence)),
        CallError::Refused(refusal) => refusal.failure(told(refusal.sentence())),
    }
}
