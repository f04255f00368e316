//! What is said of an alert: what happened, what it means for signups, what to do. Frozen when it is written, so that each try
//! says the same.
//!
//! Invariants: never a secret, never a user's id, and of a number its last digits, but for those that are missing at Twilio.
//! How to get it wrong: a time in a sentence. It is told in the zone of whoever reads, so it stands beside.

use chrono::{DateTime, Utc};

use super::event::AlertEvent;
use super::kind::{AlertKind, AlertSeverity};
use crate::domain::{PhoneNumber, PoolName};

/// How many numbers a text names by their last digits.
const NUMBERS_NAMED: usize = 5;
const DIGITS_TOLD: usize = 4;

/// The sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AlertWords {
    /// What happened.
    pub summary: String,
    /// Why, and whatever else is known; empty when there is nothing more.
    pub detail: String,
    /// What it means for signups.
    pub means: String,
    /// What to do; empty when there is nothing to do.
    pub todo: String,
    /// The numbers it is about, as they may be told.
    pub numbers: Vec<String>,
}

impl AlertWords {
    /// Of what is over.
    #[must_use]
    pub fn over(kind: AlertKind, subject: &str) -> Self {
        Self { summary: kind.over(subject), todo: "There is nothing to do.".to_owned(), ..Self::default() }
    }

    /// Everything but the first sentence and what to do.
    #[must_use]
    pub fn why(&self) -> String {
        let numbers = if self.numbers.is_empty() { String::new() } else { format!("{}.", self.numbers.join(", ")) };
        joined(&[&self.detail, &numbers, &self.means])
    }

    /// Everything but the first sentence.
    #[must_use]
    pub fn paragraph(&self) -> String {
        joined(&[&self.why(), &self.todo])
    }
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// Where more stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Links {
    /// The dashboard's page of alerts, if it is known where browsers find it.
    pub dashboard: Option<String>,
    /// What the runbook says of its kind: our own page, if it is known where browsers find it, else the document and its heading.
    pub runbook: String,
}

impl Links {
    /// Of an alert of a kind, where `pages` is the root of our pages as browsers know it, without a slash at its end.
    #[must_use]
    pub fn of(kind: AlertKind, pages: Option<&str>) -> Self {
        let runbook = match pages {
            Some(pages) => format!("{pages}/runbook/{kind}"),
            None => format!("docs/runbook.md#{}", kind.heading().to_ascii_lowercase()),
        };
        Self { dashboard: pages.map(Self::alerts), runbook }
    }

    /// The dashboard's page of alerts.
    #[must_use]
    pub fn alerts(pages: &str) -> String {
        format!("{pages}/admin/phones/dashboard/alerts")
    }

    /// Those that can be followed.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let is_address = |link: &&str| link.starts_with("http");
        self.dashboard.iter().chain([&self.runbook]).map(String::as_str).filter(is_address)
    }
}

/// Everything that is told of what became of an alert.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// `instance.name`
    pub instance: String,
    /// What became of it.
    pub event: AlertEvent,
    /// What it is.
    pub kind: AlertKind,
    /// The pool or the window that it is about, or nothing.
    pub subject: String,
    /// The pool that it is about.
    pub pool: Option<PoolName>,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// Since when it is so.
    pub opened_at: DateTime<Utc>,
    /// Until when it was.
    pub closed_at: Option<DateTime<Utc>>,
    /// The sentences.
    pub words: AlertWords,
    /// Where more stands.
    pub links: Links,
}

/// Numbers by their last digits, five at most: `…4471, …0012 and 12 more`.
#[must_use]
pub fn last_digits(numbers: &[PhoneNumber], count: usize) -> String {
    let named: Vec<String> = numbers.iter().take(NUMBERS_NAMED).map(last).collect();
    let more = count.saturating_sub(named.len());
    match (named.len(), more) {
        (0, _) => String::new(),
        (_, 0) => named.join(", "),
        (_, more) => format!("{} and {more} more", named.join(", ")),
    }
}

fn last(number: &PhoneNumber) -> String {
    let text = number.as_str();
    format!("…{}", &text[text.len().saturating_sub(DIGITS_TOLD)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_numbers_the_last_digits_are_told_and_five_at_most() {
        let numbers: Vec<PhoneNumber> = (0..7).map(|n| format!("+1415555010{n}").parse().unwrap()).collect();
        assert_eq!(last_digits(&numbers[..1], 1), "…0100");
        assert_eq!(last_digits(&numbers[..2], 14), "…0100, …0101 and 12 more");
        assert_eq!(last_digits(&numbers, 7), "…0100, …0101, …0102, …0103, …0104 and 2 more");
        assert_eq!(last_digits(&[], 3), "");
    }

    #[test]
    fn links_lead_to_our_own_pages_where_they_are_known() {
        let known = Links::of(AlertKind::PoolHalted, Some("https://ops.example.com/numbers"));
        let expected = [
            "https://ops.example.com/numbers/admin/phones/dashboard/alerts",
            "https://ops.example.com/numbers/runbook/pool.halted",
        ];
        assert_eq!(known.addresses().collect::<Vec<_>>(), expected);
        let unknown = Links::of(AlertKind::PoolHalted, None);
        assert_eq!((unknown.dashboard.as_deref(), unknown.addresses().count()), (None, 0));
        assert_eq!(unknown.runbook, "docs/runbook.md#callbunkerpoolhalted");
    }

    #[test]
    fn words_go_through_json_and_back() {
        let words =
            AlertWords { summary: "It is.".to_owned(), numbers: vec!["…0100".to_owned()], ..AlertWords::default() };
        let told = Told {
            instance: "default".to_owned(),
            event: AlertEvent::Raised,
            kind: AlertKind::NumbersMissing,
            subject: String::new(),
            pool: None,
            severity: AlertSeverity::Critical,
            opened_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            closed_at: None,
            words,
            links: Links::default(),
        };
        let stored = serde_json::to_value(&told).unwrap();
        assert_eq!(serde_json::from_value::<Told>(stored).unwrap(), told);
        assert_eq!(told.words.paragraph(), "…0100.");
    }
}
