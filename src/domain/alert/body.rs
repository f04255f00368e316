//! The document that a webhook is sent.
//!
//! How to get it wrong: writing it at each try. A second one with other bytes under the same id would be another event.

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::kind::{AlertKind, AlertSeverity};
use super::words::Told;

/// What a webhook is sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = AlertWebhook)]
pub struct Body {
    /// `alert.raised`, `alert.cleared`, `alert.reminder` or `alert.test`
    #[serde(rename = "type")]
    what: String,
    /// When that was.
    timestamp: String,
    /// Of which alert.
    data: Data,
}

/// The alert.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = AlertWebhookData)]
struct Data {
    /// The alert's, the same for all that is told of it.
    id: Uuid,
    /// What it is; `null` in a test.
    kind: Option<AlertKind>,
    /// The pool that it is about.
    pool: Option<String>,
    /// How bad it is.
    severity: AlertSeverity,
    /// One sentence.
    summary: String,
    /// Why, what it means and what to do.
    detail: String,
    /// Since when it is so.
    opened_at: String,
    /// Until when it was.
    closed_at: Option<String>,
    /// The dashboard, if it is known where browsers find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What the runbook says of its kind: the daemon's own page, or the document's heading while that is not known; absent in a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook: Option<String>,
}

impl Body {
    /// Of what became of an alert at a moment.
    #[must_use]
    pub fn of(id: Uuid, told: &Told, at: DateTime<Utc>) -> Self {
        let data = Data {
            id,
            kind: Some(told.kind),
            pool: told.pool.as_ref().map(ToString::to_string),
            severity: told.severity,
            summary: told.words.summary.clone(),
            detail: told.words.paragraph(),
            opened_at: instant(told.opened_at),
            closed_at: told.closed_at.map(instant),
            url: told.links.dashboard.clone(),
            runbook: Some(told.links.runbook.clone()),
        };
        Self { what: format!("alert.{}", told.event), timestamp: instant(at), data }
    }

    /// One that only shows that the way is open.
    #[must_use]
    pub fn test(id: Uuid, summary: String, url: Option<String>, at: DateTime<Utc>) -> Self {
        let data = Data {
            id,
            kind: None,
            pool: None,
            severity: AlertSeverity::Info,
            summary,
            detail: String::new(),
            opened_at: instant(at),
            closed_at: None,
            url,
            runbook: None,
        };
        Self { what: "alert.test".to_owned(), timestamp: instant(at), data }
    }

    /// Its bytes.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("it holds texts, and maps with texts as keys")
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::super::event::AlertEvent;
    use super::super::words::{AlertWords, Links};
    use super::*;

    #[test]
    fn the_document_has_the_fields_that_were_promised_and_no_address_that_is_not_known() {
        let at = DateTime::from_timestamp(1_800_000_000, 5_000_000).unwrap();
        let told = Told {
            instance: "production".to_owned(),
            event: AlertEvent::Cleared,
            kind: AlertKind::PoolLow,
            subject: "gb".to_owned(),
            pool: Some("gb".parse().unwrap()),
            severity: AlertSeverity::Warning,
            opened_at: at,
            closed_at: Some(at),
            words: AlertWords {
                summary: "Pool gb has its threshold again.".to_owned(),
                detail: "10 are available.".to_owned(),
                means: "Signups are served.".to_owned(),
                todo: String::new(),
                numbers: Vec::new(),
            },
            links: Links { dashboard: None, runbook: "docs/runbook.md#x".to_owned() },
        };
        let body: serde_json::Value = serde_json::from_str(&Body::of(Uuid::nil(), &told, at).text()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"type": "alert.cleared", "timestamp": "2027-01-15T08:00:00.005Z", "data": {
                "id": Uuid::nil(), "kind": "pool.low", "pool": "gb", "severity": "warning",
                "summary": "Pool gb has its threshold again.", "detail": "10 are available. Signups are served.",
                "opened_at": "2027-01-15T08:00:00.005Z", "closed_at": "2027-01-15T08:00:00.005Z",
                "runbook": "docs/runbook.md#x"}})
        );
        let url = Some("https://ops.example.com/admin/phones/dashboard/alerts".to_owned());
        let test = Body::test(Uuid::nil(), "It works.".to_owned(), url.clone(), at);
        let test: serde_json::Value = serde_json::from_str(&test.text()).unwrap();
        assert_eq!((&test["type"], &test["data"]["kind"]), (&"alert.test".into(), &serde_json::Value::Null));
        assert_eq!(test["data"]["url"].as_str(), url.as_deref());
    }
}
