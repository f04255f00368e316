//! What people do about alerts: they say that they know of one, and ask whether they would hear of the next. And how each channel fares.
//!
//! How to get it wrong: acknowledging what is not open any more. Another one of its kind would be silent.

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::lists::alerts::{AlertView, example};
use super::services::Services;
use crate::db::DbError;
use crate::db::alerts::{AlertRecord, ChannelSeen, alert_acknowledge, alert_read, alerts_list, channels_seen};
use crate::db::slice::Slice;
use crate::domain::alert::{AlertChannel, Body, ChannelTested};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, AlertId, Caller, Outcome, Request, answer};

/// So many open alerts are shown at once.
const OPEN_MAX: i64 = 200;

/// What each channel said to a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AlertTest)]
pub(crate) struct Tested {
    /// Those that are configured; empty when none is.
    pub(crate) channels: Vec<ChannelTested>,
}

/// How a channel fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) channel: AlertChannel,
    /// Its last word, if it was ever asked.
    pub(crate) seen: Option<ChannelSeen>,
}

fn unknown_alert() -> Problem {
    Problem::not_found("There is no alert with this id.")
}

/// The alerts that are open, the worst first, and of those that are equally bad the newest.
pub(crate) async fn open_alerts(services: &Services) -> Result<Vec<AlertView>, DbError> {
    let read = |conn: &mut crate::db::Connection| alerts_list(conn, true, Slice::First, OPEN_MAX);
    let records = services.db.run("alerts_list", read).await?;
    Ok(worst_first(records).into_iter().map(|alert| alert.led(&services.place)).collect())
}

/// These alerts, the worst first, as pages show them.
pub(crate) fn worst_first(records: Vec<AlertRecord>) -> Vec<AlertView> {
    let mut alerts: Vec<AlertView> = records.into_iter().map(AlertView::from).collect();
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    alerts
}

/// The channels that are configured here, and the last word of each.
pub(crate) async fn channels(services: &Services) -> Result<Vec<Channel>, Problem> {
    let configured = services.config.load().alert_channels().in_use();
    if configured.is_empty() {
        return Ok(Vec::new());
    }
    let mut seen = services.read("channels_seen", channels_seen).await?;
    let of = |(channel, _)| Channel {
        channel,
        seen: seen.iter().position(|seen| seen.channel == channel).map(|at| seen.swap_remove(at)),
    };
    Ok(configured.into_iter().map(of).collect())
}

/// One alert.
pub(crate) async fn alert(services: &Services, id: Uuid) -> Result<AlertView, Problem> {
    let record = services.read("alert_read", move |conn| alert_read(conn, id)).await?;
    Ok(AlertView::from(record.ok_or_else(unknown_alert)?))
}

/// Somebody knows: it is not repeated, until it is over or becomes worse.
pub(crate) async fn acknowledge(services: &Services, caller: &Caller, id: Uuid) -> Result<AlertView, Problem> {
    caller.note("alert_id", id.to_string());
    let by = caller.name();
    let record = services.read("alert_acknowledge", move |conn| alert_acknowledge(conn, id, &by)).await?;
    let alert = AlertView::from(record.ok_or_else(unknown_alert)?);
    slog::info!(services.log, "an alert is acknowledged"; "alert" => id.to_string(), "kind" => alert.kind.as_str(),
        "by" => caller.name());
    Ok(alert)
}

/// Tells each channel that this is a test, all at once, and says what each of them answered.
pub(crate) async fn test(services: &Services) -> Tested {
    Tested { channels: services.test_alerts().await }
}

pub(crate) async fn handle_acknowledge(services: Arc<Services>, request: Request) -> Outcome {
    let id: Uuid = request.param_text("id").parse().map_err(|_| unknown_alert())?;
    answer(acknowledge(&services, &request.caller(), id).await.map(|alert| alert.led(&services.place)))
}

pub(crate) async fn handle_test(services: Arc<Services>, _request: Request) -> Outcome {
    answer(Ok(test(&services).await))
}

pub(crate) fn about_acknowledge() -> About {
    let mut known = example();
    known["acknowledged_at"] = json!("2026-11-29T13:20:00Z");
    known["acknowledged_by"] = json!("dana");
    About::new("acknowledge_alert", "Pool", "Says that somebody knows of an alert")
        .text(
            "It is not repeated any more; it is told all the same when it is over, or becomes worse, which ends the acknowledgement. \
             Acknowledging it again, or one that is over, changes nothing: the answer is the alert.",
        )
        .path::<AlertId>("id", "Which.")
        .answer::<AlertView>("The alert.", known)
        .refuses(ProblemCode::NotFound, "There is no alert with this id.")
}

pub(crate) fn about_test() -> About {
    About::new("test_alerts", "Pool", "Sends a test on each channel that is configured, and tells what each answered")
        .text(
            "All channels are asked at once, for at most 15 s each; the answer is 200 whatever came of it. A channel that takes a test is \
             sent what waits for it.",
        )
        .answer::<Tested>(
            "What each channel said; nothing when none is configured.",
            json!({"channels": [{"channel": "email", "ok": true, "status": 250, "error": null, "seconds": 0.4},
                {"channel": "webhook", "ok": false, "status": 500, "error": "https://ops.example.com answered 500", "seconds": 1.2}]}),
        )
        .refuses(ProblemCode::RateLimited, "Too many tests, or too many wrong keys.")
}

/// What is sent to `alerts.webhook.url`.
pub(crate) fn about_webhook() -> About {
    About::new("alert", "Pool", "An alert was raised, is repeated, or is over: sent to `alerts.webhook.url`")
        .text(
            "Signed after Standard Webhooks: `webhook-id` is the same for every try of a notification, `webhook-timestamp` is that of the \
             try, and `webhook-signature` has one signature for each secret of `ALERT_WEBHOOK_SECRET`. Any 2xx takes it; 410 ends the \
             channel; anything else is tried again for three days.",
        )
        .header::<String>("webhook-id", "The notification's id.")
        .header::<String>("webhook-timestamp", "Seconds since the epoch.")
        .header::<String>("webhook-signature", "`v1,` and base64, for each secret, with blanks between.")
        .sent::<Body>(json!({"type": "alert.raised", "timestamp": "2026-11-29T13:12:02.118Z", "data": {
            "id": "01a20291-f2e9-773c-a618-19b7d665f262", "kind": "pool.empty", "pool": "gb", "severity": "critical",
            "summary": "Pool gb is empty: signups wait for a purchase.",
            "detail": "14 refused in the last 10 min. Signups wait for a purchase, or are refused. Give the pool what it needs.",
            "opened_at": "2026-11-29T13:12:00.000Z", "closed_at": null,
            "url": "https://ops.example.com/admin/phones/dashboard/alerts",
            "runbook": "https://ops.example.com/runbook/pool.empty"}}))
        .taken(StatusCode::OK, "Taken.")
}
