//! Alerts: what is judged, what is told of it, in which messages, and what is seen of it.

mod api;
mod far;
mod first_start;
mod kinds;
mod mail;
mod mail_server;
mod outage;
mod pagerduty;
mod private;
mod reach;
mod sign_of_life;
mod slack;
mod sms;
mod states;
mod story;
mod webhook;
mod weekly;

pub(crate) use far::is_signed;

use crate::world::World;

/// Signs what is sent; the base64 of 32 bytes.
const SIGNING: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Mail and a webhook, at which nobody listens: messages wait. What lasts for a second is told.
pub(crate) fn told(world: World) -> World {
    world
        .set("alerts.for_secs", 1)
        .set("alerts.email.smtp_url", "smtp://127.0.0.1:9")
        .set("alerts.email.from", "callbunker@example.com")
        .set("alerts.email.to", "ops@example.com")
        .set("alerts.webhook.url", "http://127.0.0.1:9/alerts")
        .set("ALERT_WEBHOOK_SECRET", SIGNING)
}

impl World {
    /// The open alerts, as `kind subject severity`, by name.
    pub(crate) fn alerts_open(&self) -> Vec<String> {
        let rows = self.sql(
            "SELECT trim(kind || ' ' || subject) || ' ' || severity FROM alerts WHERE closed_at IS NULL ORDER BY kind, subject",
        );
        rows.lines().map(str::to_owned).collect()
    }

    /// What was told of a kind: `event channel channel`, in the order in which it came to pass.
    pub(crate) fn told_of(&self, kind: &str) -> Vec<String> {
        let rows = self.sql(&format!(
            "SELECT t.event || coalesce(' ' || string_agg(n.channel, ' ' ORDER BY n.channel), '')
               FROM alerts a JOIN alert_transitions t ON t.alert_id = a.id
               LEFT JOIN alert_notifications n ON n.alert_id = t.alert_id AND n.no = t.no
              WHERE a.kind = '{kind}' GROUP BY a.number, t.no, t.event ORDER BY a.number, t.no"
        ));
        rows.lines().map(str::to_owned).collect()
    }

    /// How many rounds whoever judges has had of what is so now: the facts of the last one are of later than this moment.
    pub(crate) fn is_judged_since(&self, at: &str) -> bool {
        self.sql(&format!("SELECT facts_at > '{at}' FROM alert_round")) == "t"
    }

    /// The database's clock.
    pub(crate) fn now(&self) -> String {
        self.sql("SELECT clock_timestamp()")
    }
}
