//! The hub: tells the other instances, looks when something changed, and sends what is new to all viewers.
//!
//! How to get it wrong: a look per viewer, or one per change in a storm of signups. Both are paced here.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{sleep, timeout};

use super::attention::attend;
use super::feed::Live;
use super::notices::{Notice, notices};
use super::snapshot::{Marks, take_snapshot};
use crate::api::lists::assignments::AssignmentView;
use crate::api::services::Services;
use crate::api::{purchases, status};
use crate::db::changes_notify;

/// At most four words a second to the other instances, and four looks.
const PACE: Duration = Duration::from_millis(250);
/// A look without any word, while somebody watches: a word may be lost, and windows slide by themselves.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const AFTER_A_PANIC: Duration = Duration::from_secs(1);

/// Runs the hub until it is dropped. A panic in it ends neither the hub nor anybody's connection.
pub(crate) async fn run(services: Arc<Services>, live: Live) {
    loop {
        let both = async { tokio::join!(tell(&services), watch(&services, &live), attend(&services, &live)) };
        if AssertUnwindSafe(both).catch_unwind().await.is_err() {
            slog::error!(services.log, "live events panicked and begin anew");
        }
        sleep(AFTER_A_PANIC).await;
    }
}

async fn tell(services: &Services) {
    loop {
        services.db.changes().here.notified().await;
        if let Err(error) = services.db.run("changes_notify", changes_notify).await {
            slog::debug!(services.log, "other instances hear of a change later"; "error" => error.in_full());
        }
        sleep(PACE).await;
    }
}

/// What viewers were told last.
#[derive(Default)]
struct LastSent {
    marks: Option<Marks>,
    status: Option<status::Status>,
    status_json: String,
    database_is_away: bool,
}

async fn watch(services: &Services, live: &Live) {
    let mut last = LastSent::default();
    let mut heard = services.db.changes().hearing();
    loop {
        if !live.is_watched() {
            live.looked.send_replace(false);
            // Whoever came before that line may trust what was told so far; whoever comes later waits for a new beginning.
            if !live.is_watched() {
                last = LastSent::default();
                live.arrived.notified().await;
            }
        }
        // Everything up to here is in the look that follows.
        heard.mark_unchanged();
        look_once(services, live, &mut last).await;
        live.looked.send_replace(true);
        sleep(PACE).await;
        let _ = timeout(LOOK_EVERY, heard.changed()).await;
    }
}

async fn look_once(services: &Services, live: &Live, last: &mut LastSent) {
    let (before, keys) = (last.marks.clone(), services.config.load().keys());
    let snapshot = match services.db.run("live_look", move |conn| take_snapshot(conn, &keys, before.as_ref())).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            slog::debug!(services.log, "viewers must wait"; "error" => error.in_full());
            if !std::mem::replace(&mut last.database_is_away, true) {
                let message = services.db.why_away(&error).told("these numbers are from before.");
                live.send("alert", &Notice::new("database_unavailable", message));
            }
            return;
        }
    };
    if std::mem::take(&mut last.database_is_away) {
        live.send("alert", &Notice::new("database_available", "The database answers again."));
        last.status_json.clear();
    }
    let now = status::document(&snapshot.stock, &snapshot.passes, &services.config.load());
    let json = serde_json::to_string(&now).unwrap_or_default();
    if json != last.status_json {
        live.send("status", &now);
        last.status_json = json;
    }
    for record in snapshot.assignments {
        live.send("assignment", &AssignmentView::from(record));
    }
    for record in &snapshot.orders {
        live.send("purchase", &purchases::document(&record.as_it_stands()));
    }
    if let Some(before) = &last.status {
        for notice in notices(before, &now, &snapshot.orders) {
            live.send("alert", &notice);
        }
    }
    (last.marks, last.status) = (Some(snapshot.marks), Some(now));
}
