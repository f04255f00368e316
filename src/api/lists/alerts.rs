//! Alerts, newest first: what is wrong or was, and who was told of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Page, Part, Sheet, counted};
use crate::api::services::Services;
use crate::db::alerts::{AlertRecord, NotificationRow, alerts_count, alerts_list};
use crate::db::slice::{Counted, Slice};
use crate::domain::PoolName;
use crate::domain::alert::{AlertChannel, AlertEvent, AlertKind, AlertSeverity, AlertsAsked, MessageState};
use crate::http::{Place, Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["state"];

/// Something that is wrong, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertView {
    /// The same in all that is told of it.
    pub(crate) id: Uuid,
    /// What it is: a name that stays.
    pub(crate) kind: AlertKind,
    /// The pool that it is about; null = all of them, or none.
    #[schema(required)]
    pub(crate) pool: Option<PoolName>,
    /// The window of `spend.cap`, the week of a report, else the pool or nothing: at most one alert of a kind and subject is open.
    pub(crate) subject: String,
    /// How bad it is, or was at its worst.
    pub(crate) severity: AlertSeverity,
    /// One sentence: of the last look while it is open, of its end afterwards.
    pub(crate) summary: String,
    /// Why, and what it means for signups.
    pub(crate) detail: String,
    /// What to do.
    pub(crate) todo: String,
    /// The page that says how: a path, below `http.base_path` if there is one.
    pub(crate) runbook: String,
    /// Since when it is so.
    pub(crate) opened_at: DateTime<Utc>,
    /// Until when it was; null = it is open.
    #[schema(required)]
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// When somebody said that they know: it is not repeated any more.
    #[schema(required)]
    pub(crate) acknowledged_at: Option<DateTime<Utc>>,
    /// Who: the name of their key, or its fingerprint.
    #[schema(required)]
    pub(crate) acknowledged_by: Option<String>,
    /// Since when no channel has taken the last that is to be told of it; null = one did, it is less than a minute, or nobody is to be told.
    #[schema(required)]
    pub(crate) untold_since: Option<DateTime<Utc>>,
    /// What was told of it on which channel, in the order in which it happened; the latest 50.
    pub(crate) notifications: Vec<NotificationView>,
}

/// One thing that is told of an alert on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AlertNotification)]
pub(crate) struct NotificationView {
    /// The same for every try: a webhook's `webhook-id`, a mail's `X-Callbunker-Notification`.
    pub(crate) id: Uuid,
    /// What became of the alert.
    pub(crate) event: AlertEvent,
    /// Which way it goes.
    pub(crate) channel: AlertChannel,
    /// How far it has come.
    pub(crate) state: MessageState,
    /// How often it was tried.
    pub(crate) tries: i32,
    /// What the far side said last, if it did not take it.
    #[schema(required)]
    pub(crate) last_error: Option<String>,
    /// When it was taken.
    #[schema(required)]
    pub(crate) sent_at: Option<DateTime<Utc>>,
}

impl From<NotificationRow> for NotificationView {
    fn from(row: NotificationRow) -> Self {
        let NotificationRow { id, event, channel, state, tries, last_error, sent_at, .. } = row;
        Self { id, event, channel, state, tries, last_error, sent_at }
    }
}

impl From<AlertRecord> for AlertView {
    fn from(AlertRecord { alert, notifications }: AlertRecord) -> Self {
        Self {
            id: alert.id,
            kind: alert.kind,
            pool: alert.pool,
            subject: alert.subject,
            severity: alert.severity,
            summary: alert.summary,
            detail: alert.detail,
            todo: alert.todo,
            runbook: format!("/runbook/{}", alert.kind),
            opened_at: alert.opened_at,
            closed_at: alert.closed_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by,
            untold_since: alert.untold_since,
            notifications: notifications.into_iter().map(Into::into).collect(),
        }
    }
}

impl AlertView {
    /// With links as whoever is outside follows them.
    pub(crate) fn led(self, place: &Place) -> Self {
        Self { runbook: place.outside(&self.runbook), ..self }
    }
}

pub(crate) async fn alerts(services: &Services, asked: AlertsAsked, part: Part) -> Result<Sheet<AlertRecord>, Problem> {
    let read = move |conn: &mut crate::db::Connection, slice: Slice<i64>, most: i64| {
        alerts_list(conn, asked.is_open_only(), slice, most)
    };
    part.read(services, "alerts_list", read, |record| record.alert.number).await
}

pub(crate) async fn count(
    services: &Services,
    asked: AlertsAsked,
    sheet: &Sheet<AlertRecord>,
) -> Result<Counted, Problem> {
    let first = sheet.items.first().map(|record| record.alert.number);
    counted(services, sheet, first, move |conn, first| alerts_count(conn, asked.is_open_only(), first)).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, FILTERS)?;
    let asked = request.query("state")?.unwrap_or(AlertsAsked::Open);
    let page: Page<AlertView> = alerts(&services, asked, part).await?.page();
    let items = page.items.into_iter().map(|alert| alert.led(&services.place)).collect();
    answer(Ok(Page { items, next_cursor: page.next_cursor }))
}

/// An alert as it may be.
pub(crate) fn example() -> Value {
    json!({"id": "01a20291-f2e9-773c-a618-19b7d665f262", "kind": "pool.empty", "pool": "gb", "subject": "gb", "severity": "critical",
        "summary": "Pool gb is empty: signups wait for a purchase.",
        "detail": "14 refused in the last 10 min. Signups wait for a purchase, or are refused.",
        "todo": "Give the pool what it needs: pools.gb.bundle_sid.", "runbook": "/runbook/pool.empty",
        "opened_at": "2026-11-29T13:12:00Z", "closed_at": null, "acknowledged_at": null, "acknowledged_by": null,
        "untold_since": null,
        "notifications": [{"id": "01a20291-f2e9-773c-a618-19b7d665f263", "event": "raised", "channel": "email", "state": "sent",
            "tries": 1, "last_error": null, "sent_at": "2026-11-29T13:12:04Z"}]})
}

pub(crate) fn about() -> About {
    About::new("alerts", "Pool", "What is wrong, since when, and who was told of it, newest first")
        .text(
            "An alert is one opening of a condition, from when it was raised until it is over; which kinds there are stands in the README. \
             `notifications` tells on which channel what of it was told, and how far that has come: `waiting` ones are tried for three \
             days.",
        )
        .query::<AlertsAsked>("state", "`open`, unless given; or `all`.")
        .page::<Page<AlertView>, AlertView>(json!({"items": [example()], "next_cursor": null}))
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
