//! Whether Twilio's events of numbers reach the address that is configured: a sink that leads there, and what is subscribed for it.
//!
//! How to get it wrong: a `fail` where nobody waits for them. Numbers are handed out without, and an operator's word can stand for
//! one that was lost.

use super::bounds::Bounds;
use super::report::{Check, CheckName, CheckResult};
use crate::config::Config;
use crate::twilio::Twilio;
use crate::twilio_events::{Lacks, lacking};

/// `None` = no events are wanted.
pub(super) async fn look(config: &Config, twilio: &Twilio, bounds: &Bounds) -> Option<Check> {
    let url = config.events_url()?;
    let what = CheckName::Events.of(None);
    let host = url.host_str().unwrap_or_default();
    let detail = match bounds.ask("where events go", || lacking(twilio, url)).await {
        Ok(Lacks::Nothing) => return Some(what.pass(format!("Twilio sends events of numbers to {host}"))),
        Ok(Lacks::Sink) => format!("Twilio sends no events to the address at {host}"),
        Ok(Lacks::Types(count)) => format!("{count} types of events of numbers are not subscribed for {host}"),
        Err(silence) => return Some(silence.told(what)),
    };
    let waits = config.pools().find(|(_, pool)| pool.wants().needs.registered);
    let todo = "Run `callbunker twilio setup-events`, which makes what lacks.";
    Some(match waits {
        Some((name, _)) => {
            let key = name.key("sms_ready_when");
            what.judged(CheckResult::Fail, format!("{detail}, and {key} waits for them"), Some(todo.to_owned()))
        }
        None => what.warn(detail, todo),
    })
}
