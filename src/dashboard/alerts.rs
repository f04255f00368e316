//! Alerts as people see them: the open ones on top of the dashboard, and the page of all of them with how each channel fares.
//!
//! Invariant: what "what needs you" tells in full, with the way to mend it, stands in the alert's line in one sentence only.
//! How to get it wrong: leaving an item out because an alert tells it. Alerts are over later than what they tell of.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;

use super::attention::Need;
use super::lists::ways::Ways;
use super::page::{Frame, page};
use super::text::{When, words};
use crate::api::alerts::{Channel, channels};
use crate::api::lists::Part;
use crate::api::lists::alerts::{AlertView, FILTERS, NotificationView, alerts as read, count};
use crate::api::services::Services;
use crate::attention::Kind;
use crate::domain::alert::{AlertKind, AlertSeverity, AlertsAsked, MessageState};
use crate::routing::{Outcome, Request};

/// An alert in a list.
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) kind: AlertKind,
    pub(crate) pool: String,
    pub(crate) tone: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) summary: String,
    pub(crate) detail: String,
    pub(crate) todo: String,
    pub(crate) runbook: String,
    pub(crate) since: When,
    pub(crate) until: Option<When>,
    pub(crate) known_to: Option<(String, When)>,
    pub(crate) untold: Option<When>,
    pub(crate) told: Vec<Told>,
    /// "What needs you" tells it in full now.
    pub(crate) is_told_below: bool,
    /// "What needs you" never tells of such a thing.
    pub(crate) is_alone: bool,
}

/// What a channel last said of it.
pub(crate) struct Told {
    pub(crate) channel: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) word: String,
    pub(crate) at: Option<When>,
    pub(crate) error: Option<String>,
}

impl Alert {
    /// Whether somebody can still say that they know.
    pub(crate) fn is_news(&self) -> bool {
        self.until.is_none() && self.known_to.is_none()
    }
}

impl From<AlertView> for Alert {
    fn from(alert: AlertView) -> Self {
        let known_at = alert.acknowledged_at.map(When);
        Self {
            id: alert.id.to_string(),
            kind: alert.kind,
            pool: alert.pool.map_or_else(|| "–".to_owned(), |pool| pool.to_string()),
            tone: if alert.closed_at.is_some() { "calm" } else { tone(alert.severity) },
            severity: alert.severity.as_str(),
            summary: alert.summary,
            detail: alert.detail,
            todo: alert.todo,
            runbook: alert.runbook,
            since: When(alert.opened_at),
            until: alert.closed_at.map(When),
            known_to: alert.acknowledged_by.zip(known_at),
            untold: alert.untold_since.map(When),
            told: last_words(alert.notifications),
            is_told_below: false,
            is_alone: false,
        }
    }
}

fn tone(severity: AlertSeverity) -> &'static str {
    match severity {
        AlertSeverity::Critical => "bad",
        AlertSeverity::Warning => "warn",
        AlertSeverity::Info => "calm",
    }
}

/// The last word on each channel.
fn last_words(notifications: Vec<NotificationView>) -> Vec<Told> {
    let mut last: Vec<NotificationView> = Vec::new();
    for notification in notifications {
        last.retain(|earlier| earlier.channel != notification.channel);
        last.push(notification);
    }
    last.sort_by_key(|notification| notification.channel);
    last.into_iter().map(Told::from).collect()
}

impl From<NotificationView> for Told {
    fn from(told: NotificationView) -> Self {
        let (tone, word) = match told.state {
            MessageState::Sent => ("good", "told".to_owned()),
            MessageState::Waiting if told.tries == 0 => ("busy", "goes out".to_owned()),
            MessageState::Waiting => ("warn", format!("tried {} times", told.tries)),
            MessageState::Refused | MessageState::GivenUp => ("bad", words(told.state.as_str())),
        };
        let error = told.last_error.filter(|_| told.state != MessageState::Sent);
        Self { channel: told.channel.as_str(), tone, word, at: told.sent_at.map(When), error }
    }
}

/// What of "what needs you" an alert tells.
fn tells(kind: AlertKind) -> &'static [Kind] {
    match kind {
        AlertKind::PoolLow => &[Kind::PoolLow],
        AlertKind::PoolEmpty => &[Kind::PoolEmpty, Kind::SignupsRefused, Kind::SignupsWaiting, Kind::PoolLow],
        AlertKind::PoolHalted => &[Kind::PoolHalted],
        AlertKind::BuyingHalted => &[Kind::Halted],
        AlertKind::BuyingPaused => &[Kind::Paused],
        AlertKind::NumbersMissing => &[Kind::MissingOfUsers],
        AlertKind::NumbersConflict => &[Kind::AnotherTag, Kind::Contested, Kind::AttachmentsConflict],
        AlertKind::PurchasesUnsettled => &[Kind::UnsettledLong],
        AlertKind::WebhooksDrift => &[Kind::WebhooksFailed],
        AlertKind::AttachmentsStuck => &[Kind::AttachmentsStuck, Kind::RegistrationsStuck],
        AlertKind::AttachmentsFailed => &[Kind::AttachmentsFailed, Kind::RegistrationsFailed],
        AlertKind::EventsRejected => &[Kind::EventsRejected],
        AlertKind::ReconcileFailing => &[Kind::ComparisonProblem],
        AlertKind::PoolUnconfigured => &[Kind::PoolUnconfigured],
        AlertKind::SpendCap
        | AlertKind::BalanceLow
        | AlertKind::BundleExpiring
        | AlertKind::UsageMismatch
        | AlertKind::ReportWeekly => &[],
    }
}

/// The open alerts, beside what needs a person.
pub(super) fn open(open: Vec<AlertView>, needs: &[Need]) -> Vec<Alert> {
    let alert = |view: AlertView| {
        let (kinds, pool) = (tells(view.kind), view.pool.clone());
        let is_below = |kind: &Kind| needs.iter().any(|need| need.id == Need::id_of(*kind, pool.as_ref()));
        Alert { is_told_below: kinds.iter().any(is_below), is_alone: kinds.is_empty(), ..Alert::from(view) }
    };
    open.into_iter().map(alert).collect()
}

/// How a channel fares.
pub(super) struct ChannelRow {
    pub(super) name: &'static str,
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) last_ok: Option<When>,
    pub(super) since: Option<When>,
    pub(super) error: String,
}

impl From<Channel> for ChannelRow {
    fn from(Channel { channel, seen }: Channel) -> Self {
        let name = channel.as_str();
        let Some(seen) = seen else {
            return Self {
                name,
                tone: "calm",
                word: "not asked yet",
                last_ok: None,
                since: None,
                error: String::new(),
            };
        };
        let (tone, word, since) = match (seen.gone_since, seen.failing_since) {
            (Some(gone), _) => ("bad", "wants no more", Some(gone)),
            (None, Some(failing)) => ("bad", "takes none", Some(failing)),
            (None, None) => ("good", "takes them", None),
        };
        let (last_ok, since, error) = (seen.last_ok_at.map(When), since.map(When), seen.last_error.unwrap_or_default());
        Self { name, tone, word, last_ok, since, error }
    }
}

#[derive(Template)]
#[template(path = "alerts_page.html")]
struct AlertsPage {
    frame: Frame,
    channels: Vec<ChannelRow>,
    alerts: Vec<Alert>,
    is_open_only: bool,
    ways: Ways,
}

pub(crate) async fn alerts(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::of_a_page(&request, FILTERS)?;
    let asked = request.query("state")?.unwrap_or(AlertsAsked::All);
    let sheet = read(&services, asked, part).await?;
    let counted = count(&services, asked, &sheet).await?;
    let alerts = sheet.items.iter().cloned().map(|record| Alert::from(AlertView::from(record))).collect();
    let alerts_page = AlertsPage {
        ways: Ways::of(&request, &sheet, Some(counted), FILTERS, part.limit),
        channels: channels(&services).await?.into_iter().map(ChannelRow::from).collect(),
        alerts,
        is_open_only: asked.is_open_only(),
        frame: Frame::new("Alerts", &services, &request),
    };
    page(StatusCode::OK, &alerts_page, &alerts_page.frame)
}
