//! An order by hand until its end, and the signs of life on a terminal meanwhile.
//!
//! Invariants: progress goes to standard error, and only when that is a terminal; whatever ends the following, the last
//! sentence names the order.
//! How to get it wrong: taking a lost connection for the order's end. The daemon carries it on, or ends it after a restart.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::api_request::ApiRequest;
use super::client::{ApiAnswer, ApiError, Client};
use super::ending::CommandError;
use crate::api::purchases::Document;
use crate::domain::OrderState;
use crate::http::ProblemCode;

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

/// What is known of an order before anybody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: there may be none with this id.
    Nothing,
    /// It was placed.
    Placed,
    /// It was cancelled.
    Cancelled,
}

/// Asks for the order's document until the order has ended.
///
/// # Errors
/// When the daemon stays away, or refuses; the sentence says how to look the order up.
pub(super) fn follow(client: &Client, id: &str, known: Known) -> Result<(ApiAnswer, Document), CommandError> {
    let bar = bar(0, format!("purchase {id}"));
    let ended = until_it_ended(client, id, known, &bar);
    bar.finish_and_clear();
    ended
}

fn until_it_ended(
    client: &Client,
    id: &str,
    known: Known,
    bar: &ProgressBar,
) -> Result<(ApiAnswer, Document), CommandError> {
    let call = ApiRequest::get_api(&["purchases", id]);
    let mut away_since = None;
    loop {
        match client.call(&call) {
            Ok(answer) => {
                away_since = None;
                let document: Document = answer.read()?;
                bar.set_length(document.requested_count.into());
                bar.set_position(document.purchased_count as u64);
                match document.state {
                    OrderState::Queued => bar.set_message(format!("purchase {id} waits for its turn")),
                    OrderState::Running => bar.set_message(format!("purchase {id}")),
                    OrderState::Done | OrderState::Stopped | OrderState::Interrupted | OrderState::Halted => {
                        return Ok((answer, document));
                    }
                }
            }
            Err(error) => {
                let since = *away_since.get_or_insert_with(Instant::now);
                let passes = match &error {
                    ApiError::Away(_) | ApiError::Lost(_) => true,
                    ApiError::Refused(refusal)
                        if refusal.code() == Some(ProblemCode::NotFound) && known == Known::Nothing =>
                    {
                        return Err(error.into());
                    }
                    ApiError::Refused(refusal) => refusal.is_passing(),
                };
                if !passes || since.elapsed() >= AWAY_AT_MOST {
                    return Err(unfollowed(error, id, known));
                }
                bar.set_message(format!("purchase {id}: waiting for the daemon"));
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn unfollowed(error: ApiError, id: &str, known: Known) -> CommandError {
    let told = |sentence: String| match known {
        Known::Cancelled => format!(
            "{sentence}; the purchase is cancelled, and what was on its way is settled without this command: see what it \
             bought with `callbunker purchase --follow {id}`"
        ),
        Known::Nothing | Known::Placed => format!(
            "{sentence}; the purchase goes its way without this command: look it up with \
             `callbunker purchase --follow {id}`, and do not repeat it"
        ),
    };
    match error {
        ApiError::Away(sentence) | ApiError::Lost(sentence) => CommandError::Unreachable(told(sentence)),
        ApiError::Refused(refusal) => refusal.failure(told(refusal.sentence())),
    }
}
