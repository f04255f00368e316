//! Orders that were accepted: their callers were told that they go on, so they are not dropped while they wait for their
//! turn, however long the one that runs may take.
//!
//! Invariants: whoever accepted an order keeps it in the queue for as long as it is being carried on here; an instance that
//! dies takes its waiting orders along within a minute, whoever asks for them again; no order waits longer than
//! `ACCEPTED_WAITS_MAX`.
//! How to get it wrong: writing the long time into the queue at once. The orders of an instance that died would fill it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use uuid::Uuid;

use super::super::super::ProblemCode;
use super::super::super::context::Context;
use crate::db::purchases::purchase_keep_waiting;

/// An accepted order waits at least so long, whatever `purchase.lock_wait_ms` says.
pub(super) const WAITS_AT_LEAST: Duration = Duration::from_secs(60);
/// How often its time in the queue begins anew.
const KEPT_EVERY: Duration = Duration::from_secs(5);

type Ran = JoinHandle<Result<(), ProblemCode>>;

/// Accepts an order that `ran` carries on, and keeps it in the queue from now on. Nobody waits for it any more: `None`.
pub(super) async fn see_through(context: Arc<Context>, id: Uuid, mut ran: Ran) -> Option<Ran> {
    keep(&context, id).await;
    tokio::spawn(async move {
        while tokio::time::timeout(KEPT_EVERY, &mut ran).await.is_err() && !context.is_stopping() {
            keep(&context, id).await;
        }
    });
    None
}

async fn keep(context: &Context, id: Uuid) {
    let wait = context.config.load().purchase.lock_wait().max(WAITS_AT_LEAST);
    let kept = context.db.run("purchase_keep_waiting", move |conn| purchase_keep_waiting(conn, id, wait)).await;
    if let Err(error) = kept {
        // The next word will do: there is one before its time is over.
        slog::debug!(context.log, "an order could not be kept in the queue"; "order" => id.to_string(),
            "error" => error.in_full());
    }
}
