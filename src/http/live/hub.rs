//! The hub: tells the other instances, looks when something changed, and sends what is new to all viewers.
//!
//! How to get it wrong: a look per viewer, or one per change in a storm of signups. Both are paced here.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{sleep, timeout};

use super::super::admin::{purchases, status};
use super::super::context::Context;
use super::look::{Alert, Marks, alerts, look};
use crate::db::changes_notify;

/// At most four words a second to the other instances, and four looks.
const PACE: Duration = Duration::from_millis(250);
/// A look without any word, while somebody watches: a word may be lost, and windows slide by themselves.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const AFTER_A_PANIC: Duration = Duration::from_secs(1);

/// Runs the hub until it is dropped. A panic in it ends neither the hub nor anybody's connection.
pub(in crate::http) async fn keep(context: Arc<Context>) {
    loop {
        let both = async { tokio::join!(tell(&context), watch(&context)) };
        if AssertUnwindSafe(both).catch_unwind().await.is_err() {
            slog::error!(context.log, "live events panicked and begin anew");
        }
        sleep(AFTER_A_PANIC).await;
    }
}

async fn tell(context: &Context) {
    loop {
        context.db.changes().here.notified().await;
        if let Err(error) = context.db.run("changes_notify", changes_notify).await {
            slog::debug!(context.log, "other instances hear of a change later"; "error" => error.in_full());
        }
        sleep(PACE).await;
    }
}

/// What viewers were told last.
#[derive(Default)]
struct Told {
    marks: Option<Marks>,
    status: Option<status::Status>,
    status_json: String,
    database_is_away: bool,
}

async fn watch(context: &Context) {
    let mut told = Told::default();
    loop {
        if !context.live.is_watched() {
            context.live.looked.send_replace(false);
            // Whoever came before that line may trust what was told so far; whoever comes later waits for a new beginning.
            if !context.live.is_watched() {
                told = Told::default();
                context.live.arrived.notified().await;
            }
        }
        // Everything up to here is in the look that follows.
        look_once(context, &mut told).await;
        context.live.looked.send_replace(true);
        sleep(PACE).await;
        let heard = context.db.changes().heard.notified();
        let _ = timeout(LOOK_EVERY, heard).await;
    }
}

async fn look_once(context: &Context, told: &mut Told) {
    let before = told.marks.clone();
    let seen = match context.db.run("live_look", move |conn| look(conn, before.as_ref())).await {
        Ok(seen) => seen,
        Err(error) => {
            slog::debug!(context.log, "viewers must wait"; "error" => error.in_full());
            if !std::mem::replace(&mut told.database_is_away, true) {
                let message = "The database does not answer; these numbers are from before.";
                context.live.send("alert", &Alert::new("database_unavailable", message));
            }
            return;
        }
    };
    if std::mem::take(&mut told.database_is_away) {
        context.live.send("alert", &Alert::new("database_available", "The database answers again."));
        told.status_json.clear();
    }
    let now = status::document(seen.observation, seen.pass, &context.config.load());
    let json = serde_json::to_string(&now).unwrap_or_default();
    if json != told.status_json {
        context.live.send("status", &now);
        told.status_json = json;
    }
    for line in &seen.assignments {
        context.live.send("assignment", line);
    }
    for record in &seen.orders {
        context.live.send("purchase", &purchases::document(&record.as_it_stands()));
    }
    if let Some(before) = &told.status {
        for alert in alerts(before, &now, &seen.orders) {
            context.live.send("alert", &alert);
        }
    }
    (told.marks, told.status) = (Some(seen.marks), Some(now));
}
