//! `callbunker purchase --cancel ID`: an order ended early, and what it bought until then.
//!
//! How to get it wrong: telling the answer to the cancelling as the end. What is on the wire decides what was bought.

use super::api_request::ApiRequest;
use super::args::PurchaseArgs;
use super::client::{ApiError, Client};
use super::ending::{CommandError, Ending, say, warn};
use super::follow::{Known, follow};
use super::purchase::bought;
use super::tables::items;
use crate::api::purchases::Document;
use crate::domain::OrderOutcome;

/// Ends an order early, and tells what it bought until then.
pub(super) fn cancel(client: &Client, args: &PurchaseArgs, id: &str) -> Ending {
    let answer = client.call(&ApiRequest::post_api(&["purchases", id, "cancel"])).map_err(in_doubt)?;
    let asked: Document = answer.read()?;
    if asked.cancelled.is_none() {
        warn(&format!("callbunker: purchase {id} had ended before; nothing was cancelled"));
    } else if asked.outcome == OrderOutcome::Cancelling {
        warn("callbunker: cancelled; what is on its way to Twilio is settled");
    }
    let (answer, order) = follow(client, id, Known::Cancelled)?;
    if args.remote.json {
        return say(&format!("{}\n", answer.text));
    }
    say(&bought(&order, items(&answer.document, "numbers")))
}

/// Cancelling again is harmless, and does what was wanted if the first word got lost.
fn in_doubt(error: ApiError) -> CommandError {
    match error {
        ApiError::Lost(sentence) => CommandError::Unreachable(format!(
            "{sentence}; the order may have been cancelled: repeat the command to be sure"
        )),
        ApiError::Away(_) | ApiError::Refused(_) => error.into(),
    }
}
