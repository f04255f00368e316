//! PagerDuty: events of version 2, one incident for each alert.
//!
//! How to get it wrong: a key of its own for each event. What resolves would find nothing to resolve.

use chrono::SecondsFormat;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::http::{Ask, ask};
use super::parcel::{Contents, Parcel};
use super::reply::Reply;
use crate::alerts::words::Lines;
use crate::config::{PagerDuty, Trusted};
use crate::db::alerts::ClaimedNotification;
use crate::domain::alert::AlertEvent;

/// PagerDuty takes no longer one.
const SUMMARY_CHARACTERS_MAX: usize = 1024;

/// Sends each event; a test is triggered and resolved.
pub(in crate::alerts) async fn by_pagerduty(to: &PagerDuty, trusted: Trusted, parcel: &Parcel) -> Reply {
    let mut reply = Reply::Taken { status: None };
    for mut event in events(parcel) {
        event["routing_key"] = to.key.expose_secret().into();
        let url = SecretString::from(to.url.as_str());
        let request = Ask { secrets: vec![to.key.clone()], ..Ask::post(&url, event.to_string()) };
        reply = ask(trusted.clone(), request).await;
        if !matches!(reply, Reply::Taken { .. }) {
            break;
        }
    }
    reply
}

fn events(parcel: &Parcel) -> Vec<Value> {
    match &parcel.contents {
        Contents::Alerts(all) => all.iter().map(event).collect(),
        Contents::Test { instance, .. } => {
            let payload = json!({"summary": parcel.test_sentence(), "severity": "info",
                "source": format!("callbunker {instance}")});
            let event = |action| json!({"event_action": action, "dedup_key": parcel.id, "payload": payload});
            vec![event("trigger"), event("resolve")]
        }
    }
}

fn event(one: &ClaimedNotification) -> Value {
    let (told, lines) = (&one.told, Lines::of(&one.told, one.at));
    let action = match told.event {
        AlertEvent::Raised | AlertEvent::Reminder => "trigger",
        AlertEvent::Cleared => "resolve",
    };
    let mut event = json!({
        "event_action": action,
        "dedup_key": one.alert,
        "client": format!("callbunker {}", told.instance),
        "payload": {
            "summary": told.words.summary.chars().take(SUMMARY_CHARACTERS_MAX).collect::<String>(),
            "severity": told.severity.as_str(),
            "source": format!("callbunker {}", told.instance),
            "timestamp": one.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "class": told.kind.as_str(),
            "custom_details": {"since": lines.since, "why": lines.why, "todo": lines.todo, "links": lines.links,
                "notification": one.id},
        },
    });
    if !told.subject.is_empty() {
        event["payload"]["component"] = told.subject.as_str().into();
    }
    if let Some(dashboard) = &told.links.dashboard {
        event["client_url"] = dashboard.as_str().into();
        let links = told.links.addresses().zip(["Dashboard", "Runbook"]);
        event["links"] = links.map(|(href, text)| json!({"href": href, "text": text})).collect();
    }
    event
}
