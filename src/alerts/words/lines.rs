//! What is told of an alert, line by line: what happened, since when, what it means, what to do, where more stands.
//!
//! Invariant: all of it follows from what was frozen when it was written and from the moment of that, so that each try says the same.
//! How to get it wrong: "for 3 minutes", counted when it is sent. The second try would say four.

use chrono::{DateTime, Local, TimeDelta, Utc};

use crate::domain::alert::{AlertEvent, Told};
use crate::domain::counted;

/// What is told of one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    /// What happened.
    pub(crate) what: String,
    /// Since when, and for how long.
    pub(crate) since: String,
    /// Why, which numbers, and what it means for signups; empty when there is nothing more.
    pub(crate) why: String,
    /// What to do; empty when there is nothing.
    pub(crate) todo: String,
    /// Where more stands.
    pub(crate) links: Vec<String>,
}

impl Lines {
    /// Of what became of an alert at a moment, in the machine's zone.
    pub(crate) fn of(told: &Told, at: DateTime<Utc>) -> Self {
        let what = match told.event {
            AlertEvent::Raised => told.words.summary.clone(),
            AlertEvent::Reminder => format!("Still: {}", told.words.summary),
            AlertEvent::Cleared => format!("Over: {}", told.words.summary),
        };
        let until = told.closed_at.unwrap_or(at);
        let lasted = lasted(until - told.opened_at);
        let since = match told.closed_at {
            Some(closed_at) => format!("From {} to {}, {lasted}.", local(told.opened_at), local(closed_at)),
            None => format!("Since {}, for {lasted}.", local(told.opened_at)),
        };
        let links = told.links.dashboard.iter().chain([&told.links.runbook]).cloned().collect();
        Self { what, since, why: told.words.why(), todo: told.words.todo.clone(), links }
    }

    /// As plain text, without an empty line in it.
    pub(crate) fn plain(&self) -> String {
        let todo = if self.todo.is_empty() { String::new() } else { format!("To do: {}", self.todo) };
        let links = self.links.join(" · ");
        let lines = [self.what.as_str(), &self.since, &self.why, &todo, &links];
        lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

/// With the offset, which can be read anywhere.
fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M %:z").to_string()
}

/// `3 minutes`
fn lasted(time: TimeDelta) -> String {
    let (minutes, hours, days) = (time.num_minutes(), time.num_hours(), time.num_days());
    let (count, unit) = match (minutes, hours) {
        (..1, _) => return "less than a minute".to_owned(),
        (..120, _) => (minutes, "minute"),
        (_, ..48) => (hours, "hour"),
        _ => (days, "day"),
    };
    counted(count, unit)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::alert::{AlertKind, AlertSeverity, AlertWords, Links};

    /// One of pool gb, at minute 0.
    pub(in crate::alerts::words) fn told(
        event: AlertEvent,
        severity: AlertSeverity,
        minutes: i64,
    ) -> (Told, DateTime<Utc>) {
        let opened_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let at = opened_at + TimeDelta::minutes(minutes);
        let words = AlertWords {
            summary: "Pool gb is empty: signups wait for a purchase.".to_owned(),
            detail: "Why: it is paused.".to_owned(),
            means: "Signups wait.".to_owned(),
            todo: "End the pause.".to_owned(),
            numbers: Vec::new(),
        };
        let told = Told {
            instance: "production".to_owned(),
            event,
            kind: AlertKind::PoolEmpty,
            subject: "gb".to_owned(),
            pool: Some("gb".parse().unwrap()),
            severity,
            opened_at,
            closed_at: (event == AlertEvent::Cleared).then_some(at),
            words,
            links: Links {
                dashboard: Some("https://ops.example.com/x".to_owned()),
                runbook: "docs/runbook.md#a".to_owned(),
            },
        };
        (told, at)
    }

    #[test]
    fn a_text_says_what_since_when_what_it_means_and_what_to_do() {
        let (told, at) = told(AlertEvent::Raised, AlertSeverity::Critical, 3);
        let text = Lines::of(&told, at).plain();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Pool gb is empty: signups wait for a purchase.");
        assert!(lines[1].starts_with("Since 20") && lines[1].ends_with(", for 3 minutes."), "{}", lines[1]);
        let rest = [
            "Why: it is paused. Signups wait.",
            "To do: End the pause.",
            "https://ops.example.com/x · docs/runbook.md#a",
        ];
        assert_eq!(lines[2..], rest);
        assert_eq!(Lines::of(&told, at), Lines::of(&told, at), "each try says the same");
        let (over, at) = self::told(AlertEvent::Cleared, AlertSeverity::Critical, 125);
        assert!(Lines::of(&over, at).plain().starts_with("Over: Pool gb"));
        assert!(Lines::of(&over, at).since.ends_with(", 2 hours."));
    }

    #[test]
    fn how_long_it_lasted_is_told_in_one_unit() {
        for (minutes, expected) in [
            (0, "less than a minute"),
            (1, "1 minute"),
            (119, "119 minutes"),
            (120, "2 hours"),
            (2879, "47 hours"),
            (2880, "2 days"),
        ] {
            assert_eq!(lasted(TimeDelta::minutes(minutes)), expected);
        }
    }
}
